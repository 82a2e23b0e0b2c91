/** The editor of a keepalived.conf: CodeMirror with our own problems. A module of its own, loaded when wanted. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import {
  HighlightStyle,
  StreamLanguage,
  type StreamParser,
  syntaxHighlighting,
} from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { EditorState, type Text } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import type { ConfigProblem } from '../../../sim/session/protocol-views.ts';

/** An open editor. */
export interface ConfigEditor {
  text(): string;
  show(problems: readonly ConfigProblem[]): void;
  goTo(problem: ConfigProblem): void;
  close(): void;
}

/** What an editor needs. */
export interface EditorOptions {
  readonly parent: HTMLElement;
  readonly text: string;
  /** What a screen reader calls it. */
  readonly label: string;
  readonly onChange: () => void;
}

/** Opens an editor inside `parent`. */
export function openConfigEditor(options: EditorOptions): ConfigEditor {
  const editor = new EditorView({
    parent: options.parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        lintGutter(),
        keymap.of([...defaultKeymap, ...historyKeymap]),
        StreamLanguage.define(keepalivedParser),
        syntaxHighlighting(colours),
        look,
        EditorView.contentAttributes.of({ 'aria-label': options.label }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) options.onChange();
        }),
      ],
    }),
  });
  return {
    text: () => editor.state.doc.toString(),
    show: (problems) => {
      const shown = problems.map((problem) => diagnosticOf(editor.state.doc, problem));
      editor.dispatch(setDiagnostics(editor.state, shown));
    },
    goTo: (problem) => {
      const anchor = offsetOf(editor.state.doc, problem);
      editor.dispatch({ selection: { anchor }, scrollIntoView: true });
      editor.focus();
    },
    close: () => editor.destroy(),
  };
}

const keepalivedParser: StreamParser<{ first: boolean }> = {
  startState: () => ({ first: true }),
  token: (stream, state) => {
    if (stream.sol()) state.first = true;
    if (stream.eatSpace()) return null;
    if (stream.match(/^[!#].*/)) return 'comment';
    if (stream.match(/^"[^"]*"?/)) return 'string';
    if (stream.match(/^[{}]/)) return 'bracket';
    const first = state.first;
    state.first = false;
    if (stream.match(/^\d[\d.:/a-fA-F]*(?=\s|$)/)) return 'number';
    stream.match(/^[^\s{}"]+/) || stream.next();
    return first ? 'keyword' : null;
  },
};

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: 'var(--accent)', fontWeight: '600' },
  { tag: tags.comment, color: 'var(--ink-soft)', fontStyle: 'italic' },
  { tag: tags.string, color: 'var(--master)' },
  { tag: tags.number, color: 'var(--warn)' },
]);

const look = EditorView.theme({
  '&': {
    height: '100%',
    fontSize: '12.5px',
    backgroundColor: 'var(--sunken)',
    color: 'var(--ink)',
  },
  '.cm-gutters': {
    backgroundColor: 'var(--panel)',
    color: 'var(--ink-soft)',
    borderRight: '1px solid var(--line)',
  },
  '.cm-content': { caretColor: 'var(--ink)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '.cm-tooltip': { backgroundColor: 'var(--panel)', color: 'var(--ink)' },
});

function diagnosticOf(doc: Text, problem: ConfigProblem): Diagnostic {
  const from = offsetOf(doc, problem);
  const to = Math.max(from, doc.lineAt(from).to);
  const message = problem.hint ? `${problem.message} (${problem.hint})` : problem.message;
  return { from, to, severity: problem.severity, message };
}

function offsetOf(doc: Text, problem: ConfigProblem): number {
  const line = doc.line(Math.min(doc.lines, Math.max(1, problem.line)));
  return Math.min(line.to, line.from + Math.max(0, problem.column - 1));
}
