import assert from 'node:assert/strict';
import type { NetworkInterfaceInfo } from 'node:os';
import { test } from 'node:test';
import { reachableAddress } from './address.ts';

const info = (address: string, family: 'IPv4' | 'IPv6', internal = false): NetworkInterfaceInfo =>
  ({ address, family, internal }) as NetworkInterfaceInfo;
const loopback = { lo: [info('127.0.0.1', 'IPv4', true), info('::1', 'IPv6', true)] };

test('the address that others can use', () => {
  assert.equal(reachableAddress('10.0.0.7', loopback), '10.0.0.7');
  const pod = { ...loopback, eth0: [info('fe80::1', 'IPv6'), info('fd00::7', 'IPv6'), info('10.1.2.3', 'IPv4')] };
  assert.equal(reachableAddress('::', pod), '10.1.2.3');
  const six = { ...loopback, eth0: [info('fe80::1', 'IPv6'), info('fd00::7', 'IPv6')] };
  assert.equal(reachableAddress('0.0.0.0', six), 'fd00::7');
  assert.equal(reachableAddress('::', loopback), '127.0.0.1');
});
