import { isSentinelError, messageOf, SentinelError } from '../../domain/errors.ts';

const FULL = /ENOSPC|EFBIG|File too large|MDB_MAP_FULL|No space left|EDQUOT|quota exceeded/i;
const REFUSED = /EACCES|EPERM|EROFS|Permission denied|not permitted|Read-only/i;
const NO_FOLDER = /ENOTDIR|Not a directory|EEXIST|file already exists/i;
const OTHER_FORMAT = /MDB_INVALID|MDB_VERSION_MISMATCH|MDB_CORRUPTED|not an LMDB file|version mismatch/i;

/** What a failure of the embedded store means to a user: where, what is wrong, what to do, and whether to try again. */
export function embeddedError(error: unknown, dir: string): SentinelError {
  if (isSentinelError(error)) return error;
  const text = `${codeOf(error)} ${messageOf(error)}`;
  const told = (code: 'store_full' | 'store_rejected' | 'store_unavailable', message: string, retryable = false) =>
    new SentinelError(code, message, { retryable, cause: error });
  if (FULL.test(text)) {
    return told('store_full', `The disk that holds ${dir} is full: free some space; nothing was changed.`, true);
  }
  if (NO_FOLDER.test(text)) {
    return told(
      'store_rejected',
      `${dir} cannot be a folder, because a file is in the way: set embedded.dir to another folder.`,
    );
  }
  if (REFUSED.test(text)) {
    return told(
      'store_rejected',
      `${dir} is not ours to write (${ownerHint()}): give this user read and write access to it, or set embedded.dir.`,
    );
  }
  if (OTHER_FORMAT.test(text)) return notOurs(dir, error);
  return told('store_unavailable', `The embedded store in ${dir} does not answer: ${firstLine(text)}.`, true);
}

/** A file that another program wrote, or a damaged one: opening it would be worse than saying so. */
export function notOurs(dir: string, cause?: unknown): SentinelError {
  return new SentinelError(
    'store_rejected',
    `${dir} holds a data file that is not ours or is damaged: move it away, or set embedded.dir to another folder.`,
    { cause },
  );
}

function codeOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}

function ownerHint(): string {
  const user = process.getuid?.();
  return user === undefined ? 'permission denied' : `permission denied to user id ${user}`;
}

function firstLine(text: string): string {
  return (text.trim().split('\n', 1)[0] ?? '').slice(0, 200).replace(/\.$/, '');
}
