declare module 'snappyjs' {
  const snappy: {
    /** Throws where the bytes are no snappy, or would be more than `maxLength`. */
    uncompress(bytes: Buffer, maxLength?: number): Buffer;
    compress(bytes: Buffer): Buffer;
  };
  export default snappy;
}
