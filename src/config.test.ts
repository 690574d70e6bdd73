import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { helpText, parseCommand, type Config, type Environment } from './config.ts';
import { OperatorError } from './errors.ts';

const config = (args: string[], env: Environment = {}, tty = false): Config => {
  const command = parseCommand(args, env, { tty });
  assert.equal(command.kind, 'operator');
  return (command as { config: Config }).config;
};

const problems = (args: string[], env: Environment = {}): string => {
  try {
    config(args, env);
  } catch (error) {
    assert.ok(error instanceof OperatorError && error.code === 'SI1001');
    return error.message;
  }
  return assert.fail('nothing is wrong');
};

describe('the configuration', () => {
  it('has defaults for everything', () => {
    const { identity, webhookHost, ...rest } = config([]);
    assert.match(identity, /_[0-9a-f]{8}$/);
    assert.ok(['::', '0.0.0.0'].includes(webhookHost));
    assert.deepEqual(rest, {
      kubeconfig: undefined,
      namespace: 'sidecar-injector-system',
      webhookPort: 10_250,
      inCluster: false,
      webhookUrl: undefined,
      clientCaFile: undefined,
      clientNames: [],
      healthPort: 8080,
      leaderElect: true,
      leaseName: 'sidecar-injector',
      logLevel: 'info',
      logFormat: 'json',
      drainSeconds: 12,
      rolloverPace: 1,
    });
  });

  it('takes flags over the environment, and the environment over defaults', () => {
    const env = {
      POD_NAMESPACE: 'from-pod',
      SIDECAR_INJECTOR_WEBHOOK_PORT: '9443',
      POD_NAME: 'pod-1',
      SIDECAR_INJECTOR_LOG_LEVEL: '',
    };
    const read = config(['--webhook-port=9444', '--log-format', 'json'], env, true);
    assert.equal(read.webhookPort, 9444);
    assert.equal(read.namespace, 'from-pod');
    assert.equal(read.logFormat, 'json');
    assert.equal(read.logLevel, 'info', 'an empty variable is none');
    assert.match(read.identity, /^pod-1_/);
    assert.equal(config([], env).webhookPort, 9443);
    assert.equal(config(['--namespace', 'mine'], { ...env, SIDECAR_INJECTOR_NAMESPACE: 'other' }).namespace, 'mine');
  });

  it('takes names of clients only with their authorities', () => {
    const { clientCaFile, clientNames } = config(['--client-ca-file=/ca.crt', '--client-names= a, b.example.com,']);
    assert.deepEqual([clientCaFile, clientNames], ['/ca.crt', ['a', 'b.example.com']]);
    assert.match(problems(['--client-names=a']), /--client-names is of no use without --client-ca-file/);
  });

  it('writes text for a terminal and JSON elsewhere', () => {
    assert.equal(config([], {}, true).logFormat, 'text');
    assert.equal(config([], {}, false).logFormat, 'json');
  });

  it('knows a pod of the cluster that it serves', () => {
    const pod = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
    assert.equal(config([], pod).inCluster, true);
    assert.equal(config(['--kubeconfig', 'x'], pod).inCluster, false);
    assert.equal(config([], { ...pod, KUBECONFIG: 'x' }).inCluster, false);
  });

  it('can be without election', () => {
    for (const args of [['--no-leader-elect'], ['--leader-elect=false']]) assert.equal(config(args).leaderElect, false);
    assert.equal(config(['--leader-elect'], { SIDECAR_INJECTOR_LEADER_ELECT: 'false' }).leaderElect, true);
  });

  it('cannot be changed', () => {
    assert.throws(() => Object.assign(config([]), { namespace: 'x' }), TypeError);
  });

  it('tells all that is wrong at once, with the name of the flag', () => {
    const text = problems(['--webhook-port', '70000', '--log-level=loud', '--nonsense', 'stray', '--lease-name'], {
      POD_NAMESPACE: 'Not_A_Namespace',
    });
    for (const part of [
      '--webhook-port "70000" must be a whole number from 0 to 65535',
      '--log-level "loud" must be one of debug, info, warn, error',
      'unknown flag --nonsense',
      '--lease-name needs a value',
      '--namespace "Not_A_Namespace"',
    ]) {
      assert.ok(text.includes(part), `${part}\nin ${text}`);
    }
  });

  it('refuses numbers that are none', () => {
    for (const value of ['', '-1', '1.5', '1e3', '0x10', ' 80', 'abc']) {
      assert.match(problems([`--health-port=${value}`]), /--health-port/, JSON.stringify(value));
    }
  });

  it('takes only a webhook URL that the API server takes', () => {
    assert.equal(config(['--webhook-url', 'https://10.0.0.1:9443/base/']).webhookUrl, 'https://10.0.0.1:9443/base');
    for (const url of ['http://a', 'nonsense', 'https://u:p@a', 'https://a?x=1', 'https://a#x']) {
      assert.match(problems(['--webhook-url', url]), /--webhook-url/, url);
    }
  });
});

describe('the command', () => {
  it('is help when that is asked for, whatever else is wrong', () => {
    for (const args of [['--help'], ['--webhook-port', 'x', '--help']]) {
      assert.equal(parseCommand(args, {}, { tty: false }).kind, 'help', args.join(' '));
    }
    assert.throws(() => parseCommand(['serve'], {}, { tty: false }), /unexpected argument "serve"/);
  });

  it('explains each flag with its variable', () => {
    const text = helpText();
    for (const word of ['--webhook-url URL', 'SIDECAR_INJECTOR_DRAIN_SECONDS', 'POD_NAMESPACE', '--leader-elect\n']) {
      assert.ok(text.includes(word), word);
    }
  });
});
