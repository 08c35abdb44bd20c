/** Where a Redis or Sentinel process listens. The host is a name, an IPv4 or a bare IPv6 address. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}
