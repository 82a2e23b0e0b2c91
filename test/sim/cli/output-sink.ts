import { PLAIN_STYLE } from '../../../sim/report/style.ts';

/** What a command writes, kept apart by stream. */
export function sink() {
  const got = { out: '', err: '' };
  const output = {
    out: (text: string) => {
      got.out += text;
    },
    err: (text: string) => {
      got.err += text;
    },
    style: PLAIN_STYLE,
  };
  return { got, output };
}
