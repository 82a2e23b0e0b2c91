/**
 * The states of a virtual router. RFC 9568 calls `MASTER` Active; operators and logs say Master.
 */

/**
 * States of RFC 9568 section 6.4 plus keepalived's FAULT; STOP and DELETED occur in notifications
 * only.
 */
export type VrrpState = 'INIT' | 'BACKUP' | 'MASTER' | 'FAULT' | 'STOP' | 'DELETED';
