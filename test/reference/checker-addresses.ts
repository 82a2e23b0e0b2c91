/** Addresses of the laboratory of checkers: those of a recording over IPv6 end as those over IPv4 do. */

/** What the addresses of a recording with this configuration begin with. */
export function prefixOf(config: string): string {
  return config.includes('fd00::') ? 'fd00::' : '10.10.0.';
}

/** The director that a timeline is of; `v01#2` is of the second. */
export function directorOf({ name, config }: { readonly name: string; readonly config: string }) {
  return `${prefixOf(config)}25${name.split('#')[1] ?? '1'}`;
}

/** The servers' name of an address: `rs1` for 10.10.0.11 and for fd00::11. */
export function serverNameOf(address: string): string {
  return `rs${Number(/(\d+)$/.exec(address)?.[1]) - 10}`;
}
