/** One virtual server with the scripts' user and a tracked file, for tests of paces, weights and reloads of checkers. */

type ServerWords = readonly [octet: number, weight: number, words: string];

/** Its configuration: first checks after exactly 1 s, then every 2 s. */
export function quickPool(...servers: readonly ServerWords[]): string {
  const lines = servers.map(
    ([octet, weight, words]) =>
      `  real_server 10.10.0.${octet} 80 {\n    weight ${weight}\n    ${words}\n  }\n`,
  );
  return `global_defs {
  script_user root
  enable_script_security
}
track_file f1 {
  file /f1
  init_file 0
}
virtual_server 10.10.0.100 80 {
  lb_algo rr
  lb_kind DR
  protocol TCP
  delay_loop 2
  warmup 0
${lines.join('')}}
`;
}
