/** Where the bare chain tells of probes. */
export const CHANNEL = 'bench-probes';
