/** A scenario as plain data, written as the text of a file that people go on editing. */

import { isPair, isScalar, visit, Document as YamlDocument } from 'yaml';

/** A plain document, ready to be written as YAML. */
export type Document = Record<string, unknown>;

/** A document as the text of a scenario file; `schema` is where editors find the JSON Schema. */
export function documentText(document: Document, schema = SCHEMA_FILE): string {
  const yaml = new YamlDocument(document, { aliasDuplicateObjects: false });
  visit(yaml, {
    // Cables, single addresses and the like are read best in one line.
    Collection: (_, node) => {
      if (node.items.every(isPlain) && String(node).length <= LINE_LENGTH) node.flow = true;
    },
  });
  const head = `# yaml-language-server: $schema=${schema}\n`;
  return head + yaml.toString({ lineWidth: 98, flowCollectionPadding: true });
}

/** What the first line of a new scenario names: `init` writes the file beside it. */
export const SCHEMA_FILE = './lantwin.schema.json';
/** Longest collection that is written in one line. */
const LINE_LENGTH = 84;

function isPlain(item: unknown): boolean {
  return isScalar(item) || (isPair(item) && isScalar(item.value));
}
