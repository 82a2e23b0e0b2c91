/** Real servers behind a director in the lab: nginx with HTTP and TLS, ready for direct routing. */

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, type Running, until } from './lab.ts';

/** A host whose nginx says its name on ports 80 and 443. */
export class RealServer {
  readonly #lab: Lab;
  readonly name: string;
  #nginx: Running | undefined;

  /** Makes the host; `vip` stands on its loopback and is not answered for in ARP (direct routing). */
  constructor(lab: Lab, name: string, options: { readonly address: string; readonly vip: string }) {
    this.#lab = lab;
    this.name = name;
    lab.addHost(name, `${options.address}/24`);
    lab.exec(name, ['sysctl', '-qw', 'net.ipv4.conf.all.arp_ignore=1']);
    lab.exec(name, ['sysctl', '-qw', 'net.ipv4.conf.all.arp_announce=2']);
    lab.exec(name, ['ip', 'address', 'add', `${options.vip}/32`, 'dev', 'lo']);
  }

  /** Starts nginx and waits until it listens. */
  async start(): Promise<void> {
    const folder = join(this.#lab.folder, `nginx-${this.name}`);
    mkdirSync(folder, { recursive: true });
    const conf = this.#lab.file(`${this.name}.nginx.conf`, this.#configuration(folder));
    this.#nginx = this.#lab.start(this.name, ['nginx', '-c', conf, '-e', `${folder}/error.log`]);
    const listens = (): boolean =>
      this.#lab.exec(this.name, ['ss', '-Hltn', 'sport = 443']).includes('LISTEN');
    await until(`nginx of ${this.name} listens`, listens, {
      withinMs: 15_000,
      explain: () => this.#nginx?.output() ?? '',
    });
  }

  /** Ends nginx at once, as a crash does. */
  async kill(): Promise<void> {
    this.#nginx?.signal('SIGKILL');
    await this.#nginx?.ended;
    this.#nginx = undefined;
  }

  #configuration(folder: string): string {
    const { certificate, key } = certificateIn(this.#lab);
    const place = `location / { default_type text/plain; return 200 "${this.name}\\n"; }`;
    return `daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi; uwsgi_temp_path ${folder}/uwsgi; scgi_temp_path ${folder}/scgi;
  server { listen 80; ${place} }
  server { listen 443 ssl; ssl_certificate ${certificate}; ssl_certificate_key ${key}; ${place} }
}
`;
  }
}

const made = new WeakMap<Lab, { readonly certificate: string; readonly key: string }>();

/** A certificate that nobody signed but itself, once a lab. */
export function certificateIn(lab: Lab): { readonly certificate: string; readonly key: string } {
  const known = made.get(lab);
  if (known !== undefined) return known;
  const pair = { certificate: join(lab.folder, 'tls.crt'), key: join(lab.folder, 'tls.key') };
  const subject = ['-subj', '/CN=www.example.test', '-days', '2'];
  const files = ['-keyout', pair.key, '-out', pair.certificate];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  execFileSync('openssl', ['req', '-x509', ...curve, ...subject, ...files], { stdio: 'pipe' });
  made.set(lab, pair);
  return pair;
}
