import { isSentinelError, messageOf, SentinelError } from '../../domain/errors.ts';
import { type TlsFault, tlsFault } from '../tls-fault.ts';

/** Redis refuses us until somebody changes credentials, permissions or the server. */
const REJECTED = /^(NOAUTH|WRONGPASS|NOPERM|ERR AUTH|ERR invalid password|ERR Client sent AUTH)/i;
/** Redis before 7.0 reads the script's first line, its flags, as a syntax error. */
const TOO_OLD = /compiling script|unknown command .?(hello|evalsha)/i;
const FULL = /^OOM |command not allowed when used memory/i;

/** What a failed command means to a user: which store, what is wrong, whether to try again. Never an argument or a password. */
export function storeError(failure: unknown, place: string): SentinelError {
  if (isSentinelError(failure)) return failure;
  // Of a Cluster ioredis tells that it failed, and why only beside it.
  const error = (failure as { lastNodeError?: unknown } | null)?.lastNodeError ?? failure;
  const text = messageOf(error);
  if (REJECTED.test(text)) {
    return new SentinelError(
      'store_rejected',
      `Redis at ${place} refuses us (${firstWord(text)}): give a user and a password that may run scripts and use the kill state's keys and channel.`,
      { cause: error },
    );
  }
  const tls = tlsFault(error);
  if (tls !== null) return new SentinelError('store_rejected', tlsText(tls, place), { cause: error });
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
  return new SentinelError('store_unavailable', `Redis at ${place} does not answer: ${reasonOf(text, place)}.`, {
    retryable: true,
    cause: error,
  });
}

/** There is no setting for certificates of Redis: Node's own authorities count, and those that its environment adds. */
function tlsText({ kind, why }: TlsFault, place: string): string {
  const redis = `Redis at ${place}`;
  switch (kind) {
    case 'untrusted':
      return `${redis} has a certificate that is not trusted (${why}): name the PEM file of its authority in NODE_EXTRA_CA_CERTS.`;
    case 'misnamed':
      return `${redis} has a certificate for another name (${why}): let redis.url use a name in it.`;
    case 'outdated':
      return `${redis} has a certificate that is out of date (${why}): renew it.`;
    case 'ours':
      return `${redis} wants a certificate of ours (${why}), and none can be given: set its tls-auth-clients to no.`;
  }
}

function firstWord(text: string): string {
  return text.split(' ', 1)[0] ?? '';
}

const NO_SENTINEL = /^All sentinels are unreachable.*?(?:Last error: (.*))?$/s;
/** The client's words for an answer that is none of Redis' protocol. */
const NO_REDIS = /^(Unknown RESP type|Protocol error)/;
const NOT_CONNECTED = /enableOfflineQueue|Connection is closed|max retries|aborted due to connection close/i;

/** ioredis' words, in ours where they tell a user nothing. */
function reasonOf(text: string, place: string): string {
  const sentinel = NO_SENTINEL.exec(text);
  if (sentinel !== null) return sentinelReason(sentinel[1] ?? '', place);
  // A reply of a script that failed quotes the script; its first line is enough.
  const line = (text.split('\n', 1)[0] ?? '').slice(0, 200).replace(/\.$/, '');
  if (NO_REDIS.test(text)) return 'what is there is no Redis (check the host and the port in redis.url)';
  const reason = NOT_CONNECTED.test(text) ? 'not connected' : /timed out/i.test(text) ? 'no answer in time' : line;
  return reason + otherKind(text, isTls(place));
}

/** Where one end speaks TLS and the other does not, both only see a connection that leads nowhere. */
function otherKind(text: string, tls: boolean): string {
  if (tls && (/ETIMEDOUT|secure TLS/.test(text) || NOT_CONNECTED.test(text)))
    return ' (where it never does, that port may be without TLS: redis instead of rediss in redis.url)';
  if (!tls && /ECONNRESET|EPIPE/.test(text))
    return ' (where it never does, that port may be for TLS: rediss instead of redis in redis.url)';
  return '';
}

/** Why it could not talk to a Sentinel at all ioredis keeps to itself. */
function sentinelReason(last: string, place: string): string {
  if (last !== '' && !NOT_CONNECTED.test(last)) return `no Sentinel names the primary (${last.replace(/\.$/, '')})`;
  return isTls(place)
    ? 'no Sentinel can be talked to over TLS (is one there, and its certificate trusted and for that name?)'
    : 'no Sentinel can be talked to (is one there, and without TLS?)';
}

function isTls(place: string): boolean {
  return place.startsWith('rediss');
}
