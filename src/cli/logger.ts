import { type Logger, pino } from 'pino';
import type { LogLevel } from '../daemon/config/config.ts';

/** JSON lines on stdout. Fields that could carry secrets or arguments are cut, whoever logs them. */
export function createLogger(level: LogLevel, to: NodeJS.WritableStream = process.stdout): Logger {
  const secret = ['args', 'password', 'sasl', 'token', '*.args', '*.password', '*.sasl', '*.token'];
  return pino({ level, base: null, redact: { paths: secret, remove: true } }, to);
}

/** For commands that end soon: what a client library says matters only to who looks for a fault. On stderr. */
export function quietLogger(env: Readonly<Record<string, string | undefined>>): Logger {
  const level = env.SENTINEL_LOG_LEVEL === 'debug' || env.SENTINEL_LOG_LEVEL === 'trace' ? 'debug' : 'silent';
  return createLogger(level, process.stderr);
}
