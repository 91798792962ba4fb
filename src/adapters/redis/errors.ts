import { isSentinelError, messageOf, SentinelError } from '../../domain/errors.ts';

/** Redis refuses us until somebody changes credentials, permissions or the server. */
const REJECTED = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/i;
/** Redis before 7.0 reads the script's first line, its flags, as a syntax error. */
const TOO_OLD = /compiling script|unknown command .?(hello|evalsha)/i;
const FULL = /^OOM |command not allowed when used memory/i;

/** What a failed command means to a user: which store, what is wrong, whether to try again. Never an argument or a password. */
export function storeError(error: unknown, place: string): SentinelError {
  if (isSentinelError(error)) return error;
  const text = messageOf(error);
  if (REJECTED.test(text)) {
    return new SentinelError(
      'store_rejected',
      `Redis at ${place} refuses us (${firstWord(text)}): give a user and a password that may run scripts and use the kill state's keys and channel.`,
      { cause: error },
    );
  }
  if (TOO_OLD.test(text)) {
    return new SentinelError(
      'store_rejected',
      `The server at ${place} cannot run our script: Redis 7.0 or newer is needed.`,
      {
        cause: error,
      },
    );
  }
  if (FULL.test(text)) {
    return new SentinelError(
      'store_full',
      `Redis at ${place} is full (maxmemory): give it more memory or remove keys.`,
      {
        retryable: true,
        cause: error,
      },
    );
  }
  return new SentinelError('store_unavailable', `Redis at ${place} does not answer: ${reasonOf(text)}.`, {
    retryable: true,
    cause: error,
  });
}

function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}

/** ioredis' words, in ours where they tell a user nothing. */
function reasonOf(text: string): string {
  if (/enableOfflineQueue|Connection is closed|max retries|aborted due to connection close/i.test(text))
    return 'not connected';
  if (/timed out/i.test(text)) return 'no answer in time';
  // A reply of a script that failed quotes the script; its first line is enough.
  return (text.split('\n', 1)[0] ?? '').slice(0, 200).replace(/\.$/, '');
}
