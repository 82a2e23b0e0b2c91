/** The scope of an address, as rtnetlink numbers it and iproute2 names it. */

/** Scopes of `ip address`; others are written as their number in decimal. Source: rtnetlink(7). */
export type AddressScope = 'global' | 'site' | 'link' | 'host' | 'nowhere' | `${number}`;
