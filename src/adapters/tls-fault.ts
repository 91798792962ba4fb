/** Why two ends cannot agree on TLS until somebody changes something. */
export interface TlsFault {
  /**
   * untrusted: nobody whom we trust vouches for its certificate. misnamed: the certificate is for another name. outdated: it has
   * expired, or is not valid yet. ours: it wants a certificate of us, or another one.
   */
  readonly kind: 'untrusted' | 'misnamed' | 'outdated' | 'ours';
  /** In a few words. */
  readonly why: string;
}

/** Codes of OpenSSL's judgement of a certificate, as Node tells them, and of Node's own of its names. */
const RUNGS: readonly (readonly [TlsFault['kind'], RegExp])[] = [
  ['misnamed', /^(ERR_TLS_CERT_ALTNAME|HOSTNAME_MISMATCH)/],
  ['outdated', /^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/],
  ['ours', /^ERR_SSL_\w*ALERT_\w*(CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED)/],
  [
    'untrusted',
    /^(UNABLE_TO_|CERT_|CRL_|ERROR_IN_CERT_|DEPTH_ZERO_SELF|SELF_SIGNED_CERT|INVALID_(CA|PURPOSE)$|PATH_LENGTH_EXC)/,
  ],
];

/** null: it is no such fault, and another attempt may go well. */
export function tlsFault(error: unknown): TlsFault | null {
  const { code, message = '' } = (error ?? {}) as { code?: unknown; message?: string };
  if (typeof code !== 'string') return null;
  const kind = RUNGS.find(([, pattern]) => pattern.test(code))?.[0];
  if (kind === undefined) return null;
  return { kind, why: kind === 'ours' ? alertOf(code) : message.replace(/^Connection error: /, '').replace(/\.$/, '') };
}

/** OpenSSL's message is a line of its source; the code has the words: `ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE`. */
function alertOf(code: string): string {
  return code
    .replace(/^.*_ALERT_/, '')
    .replaceAll('_', ' ')
    .toLowerCase();
}
