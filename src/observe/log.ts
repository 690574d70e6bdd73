/**
 * The operator's log: a small interface that everybody takes as an argument, with winston behind it.
 * One line per entry: JSON for collectors, readable text for a terminal.
 */

import winston from 'winston';
import { inBatches } from './batches.ts';
import { errorFields, redact } from './fields.ts';

/** Fields are anything JSON can hold, and Errors, which keep code, message and causes. */
export type Fields = Record<string, unknown>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface Logger {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** A logger whose every line carries these fields too. */
  child(fields: Fields): Logger;
}

export interface LogOptions {
  level: LogLevel;
  format: 'json' | 'text';
  /** Where lines go. Default: standard error in batches, so that standard output stays for results. */
  stream?: NodeJS.WritableStream;
}

/** Names that winston uses itself: a field of that name would overwrite or, for `message`, be glued to the message. */
const RESERVED = new Set(['message', 'level', 'time']);

/** Where winston's transports look for the level (triple-beam). */
const LEVEL = Symbol.for('level');

/** What is logged for a set of fields: errors spelt out, secrets cut, names that collide moved aside. */
const prepare = (fields: Fields): Fields => {
  const prepared: Fields = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    prepared[RESERVED.has(name) ? `field_${name}` : name] = errorFields(redact(value));
  }
  return prepared;
};

const COLOURS: Record<string, string> = { debug: '\u001B[2m', info: '', warn: '\u001B[33m', error: '\u001B[31m' };

const textOf = (value: unknown): string =>
  typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value);

const text = (colours: boolean) =>
  winston.format.printf(({ level, message, time, ...fields }) => {
    const colour = colours ? (COLOURS[level] ?? '') : '';
    const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${textOf(value)}`);
    return `${String(time)} ${colour}${level.toUpperCase().padEnd(5)}${colour && '\u001B[0m'} ${String(message)}${rest.join('')}`;
  });

/** One line of JSON with time, level and message first. */
const json = () =>
  winston.format.printf(({ level, message, time, ...fields }) => JSON.stringify({ time, level, message, ...fields }));

const stamp = winston.format((info) => {
  info['time'] = new Date().toISOString();
  return info;
});

class WinstonLogger implements Logger {
  readonly #winston: winston.Logger;
  readonly #fields: Fields;

  constructor(logger: winston.Logger, fields: Fields) {
    this.#winston = logger;
    this.#fields = fields;
  }

  #log(level: LogLevel, message: string, fields: Fields | undefined): void {
    // Preparing the fields costs more than the check, and debug is mostly off.
    if (!this.#winston.isLevelEnabled(level)) return;
    // What winston's log() makes of its arguments, without its search for placeholders in every message.
    this.#winston.write({
      ...this.#fields,
      ...(fields && prepare(fields)),
      level,
      [LEVEL]: level,
      message: redact(message),
    });
  }

  debug(message: string, fields?: Fields): void {
    this.#log('debug', message, fields);
  }
  info(message: string, fields?: Fields): void {
    this.#log('info', message, fields);
  }
  warn(message: string, fields?: Fields): void {
    this.#log('warn', message, fields);
  }
  error(message: string, fields?: Fields): void {
    this.#log('error', message, fields);
  }
  child(fields: Fields): Logger {
    return new WinstonLogger(this.#winston, { ...this.#fields, ...prepare(fields) });
  }
}

/** Makes the process's logger. */
export const createLogger = ({ level, format, stream = process.stderr }: LogOptions): Logger => {
  const colours = format === 'text' && 'isTTY' in stream && stream.isTTY === true;
  const target = stream === process.stderr ? inBatches(stream) : stream;
  return new WinstonLogger(
    winston.createLogger({
      level,
      // A field of another library's making must not end the process.
      exitOnError: false,
      format: winston.format.combine(stamp(), format === 'json' ? json() : text(colours)),
      transports: [new winston.transports.Stream({ stream: target })],
    }),
    {},
  );
};

/** A logger that says nothing, for callers that were given none. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
