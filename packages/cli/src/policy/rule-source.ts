// Where in a policy's files a reason's rule stands, and which fields of the input are read for it: by its text, good enough to show.

export interface Place {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

type Modules = Readonly<Record<string, string>>;

/** The first line that has the rule's id as a string, comments aside. */
export function placeOf(modules: Modules, rule: string): Place | undefined {
  for (const [file, text] of Object.entries(modules)) {
    const at = text.split('\n').findIndex((line) => names(line, rule));
    if (at >= 0) return { file, line: at + 1 };
  }
  return undefined;
}

function names(line: string, rule: string): boolean {
  return !/^\s*#/.test(line) && (line.includes(`"${rule}"`) || line.includes(`\`${rule}\``));
}

interface Block {
  readonly text: string;
  readonly head: string;
}

/** Rules as they stand at the left edge, each up to the next. */
function blocksOf(modules: Modules): Block[] {
  return Object.values(modules).flatMap((text) => {
    const code = text.replaceAll(/^\s*#.*$/gm, '');
    return code.split(/\n(?=[a-zA-Z_])/).map((block) => {
      const [, head = ''] = /^(?:default\s+)?([a-zA-Z_]\w*)/.exec(block) ?? [];
      return { text: block, head };
    });
  });
}

/** What stands at the left edge and is no rule that another one uses. */
const noRules: ReadonlySet<string> = new Set(['reasons', 'package', 'import', '']);
const mostFields = 24;

/** Paths below `input` that the rules with these ids read, and the rules that those use; at most some two dozen. */
export function fieldsReadBy(modules: Modules, rules: readonly string[]): readonly (readonly string[])[] {
  const blocks = blocksOf(modules);
  const seen = new Set<Block>();
  const visit = (block: Block): void => {
    if (seen.has(block)) return;
    seen.add(block);
    const words = new Set(block.text.replaceAll(/"(?:\\.|[^"\\])*"|`[^`]*`/g, '').match(/(?<![.\w])[a-zA-Z_]\w*/g));
    for (const other of blocks) if (!noRules.has(other.head) && words.has(other.head)) visit(other);
  };
  for (const block of blocks) if (rules.some((rule) => block.text.split('\n').some((line) => names(line, rule)))) visit(block);
  const paths = new Map<string, readonly string[]>();
  for (const { text } of seen) {
    for (const [, path = ''] of text.matchAll(/\binput((?:\.[a-zA-Z_]\w*|\["[^"\\\]]+"\])+)/g)) paths.set(path, path.match(/[a-zA-Z_]\w*/g) ?? []);
  }
  return [...paths.values()].slice(0, mostFields);
}
