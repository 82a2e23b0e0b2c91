/** User and group of a script as numbers, for dumps. */

import type { GlobalConfig } from './global-config.ts';

/** Whom a script runs as; absent: root. */
export interface ScriptUser {
  readonly user?: string;
  readonly group?: string;
}

/** `uid:gid` of a user. */
export type IdsOf = (one: ScriptUser) => string;

/** Without a list of users everybody is root. */
export const rootOnly: IdsOf = () => '0:0';

/** Nobody's number on Debian, where there is no list of users. */
const NOBODY = 65_534;

/**
 * Ids from the text of /etc/passwd and /etc/group; a name that they do not have is root, but for
 * `nobody`.
 */
export function idsFrom(passwd: string, group: string): IdsOf {
  return (one) => {
    if (one.user === undefined) return '0:0';
    const user = fieldsOf(passwd, one.user);
    const fallback = one.user === 'nobody' ? NOBODY : 0;
    const uid = user?.[2] ?? fallback;
    const primary = user?.[3] ?? fallback;
    const gid = one.group === undefined ? primary : (fieldsOf(group, one.group)?.[2] ?? primary);
    return `${uid}:${gid}`;
  };
}

function fieldsOf(text: string, name: string): readonly string[] | undefined {
  const line = text.split('\n').find((one) => one.startsWith(`${name}:`));
  return line?.split(':');
}

/** `script_user` of `global_defs`. */
export function scriptUserOf(global: GlobalConfig): ScriptUser {
  return {
    ...(global.scriptUser === undefined ? {} : { user: global.scriptUser }),
    ...(global.scriptGroup === undefined ? {} : { group: global.scriptGroup }),
  };
}
