/**
 * Addresses that carry their own permission: for one method, one key, one length and type, at most 15
 * minutes. The only file that signs. Agents get nothing else; they never see a credential or a bucket.
 */

export interface SignedRequest {
  url: string;
  /** All that the client must send, and exactly so. */
  headers: Record<string, string>;
}

export interface Signer {
  get(shard: string, key: string): Promise<string>;
  /** Write once: a second PUT is answered 412. `md5` is base64. */
  put(
    shard: string,
    key: string,
    object: { size: number; type: string; md5?: string },
  ): Promise<SignedRequest>;
  part(
    shard: string,
    key: string,
    part: { upload: string; number: number; size: number },
  ): Promise<SignedRequest>;
}
