import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const { blocksIn } = jest.requireActual<{
  blocksIn(text: string, language: string): readonly string[];
}>('../../../scripts/lib/markdown.mjs');

const ROOT = join(__dirname, '..', '..', '..');
/** Where the examples seem to be: below the root, so that they find the packages. Nothing is written there. */
const FOLDER = join(ROOT, 'backend', 'test', 'examples');
const PAGES = ['README.md', ...markdownIn('docs')];
const TYPE_CHECK_MS = 60_000;

/** A block that is part of a file says so above it: `<!-- goes into visits.failover-spec.ts -->`. */
const PART = /<!-- goes into ([\w.-]+) -->\n\n(```ts\n[\s\S]*?^```)/gm;
/** A block that another one imports, or that has parts, begins with its name: `// visits.service.ts`. */
const NAME = /^\/\/ ([\w.-]+\.ts)\n/;
/** Marks where the parts go. */
const PLACE = /^ *\/\/ The tests below go here\.$/m;

function markdownIn(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .sort();
}

/** The examples of a page as files, by their paths. */
function filesOf(page: string): [path: string, text: string][] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  const parts = [...text.matchAll(PART)].map(([, into = '', block = '']) => ({ into, block }));
  const examples = blocksIn(text.replace(PART, ''), 'ts').map((example, at) => {
    const name = NAME.exec(example)?.[1] ?? `example-${at + 1}.ts`;
    const own = parts
      .filter(({ into }) => into === name)
      .flatMap(({ block }) => blocksIn(block, 'ts'));
    return {
      name,
      text: own.length === 0 ? example : example.replace(PLACE, () => own.join('\n')),
    };
  });
  const scripts = blocksIn(text, 'js').map((script, at) => {
    return { name: `script-${at + 1}.mjs`, text: script };
  });
  return [...examples, ...scripts].map((file) => [join(FOLDER, page, file.name), file.text]);
}

const FILES = new Map(PAGES.flatMap(filesOf));

/** The options of this repository, as an application that has installed the package would have them. */
function optionsOfExamples(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), (path) =>
    ts.sys.readFile(path),
  );
  const given = { ...(config as object), files: [], include: [] };
  return {
    ...ts.parseJsonConfigFileContent(given, ts.sys, ROOT).options,
    noEmit: true,
    checkJs: true,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    paths: {
      'nestjs-redis-ha': [join(ROOT, 'backend/src/redis/index.ts')],
      'nestjs-redis-ha/*': [join(ROOT, 'backend/src/redis/*/index.ts')],
    },
  };
}

function programOfExamples(): ts.Program {
  const options = optionsOfExamples();
  const disk = ts.createCompilerHost(options);
  return ts.createProgram([...FILES.keys()], options, {
    ...disk,
    directoryExists: (path) => path.startsWith(FOLDER) || (disk.directoryExists?.(path) ?? true),
    fileExists: (path) => FILES.has(path) || disk.fileExists(path),
    readFile: (path) => FILES.get(path) ?? disk.readFile(path),
    getSourceFile: (path, language) => {
      const text = FILES.get(path);
      if (text === undefined) return disk.getSourceFile(path, language);
      return ts.createSourceFile(path, text, language);
    },
  });
}

describe('the examples of the documents', () => {
  let program: ts.Program;

  it('are whole, or part of one that has a place for them', () => {
    const wanted = PAGES.flatMap((page) =>
      [...readFileSync(join(ROOT, page), 'utf8').matchAll(PART)].map(([, into = '']) =>
        join(FOLDER, page, into),
      ),
    );
    expect(wanted.filter((path) => PLACE.test(FILES.get(path) ?? ''))).toEqual([]);
    expect(wanted.filter((path) => !FILES.has(path))).toEqual([]);
  });

  beforeAll(() => {
    program = programOfExamples();
  }, TYPE_CHECK_MS);

  it.each([...FILES.keys()].map((path) => [path.slice(FOLDER.length + 1), path] as const))(
    'compile: %s',
    (_name, path) => {
      const file = program.getSourceFile(path);
      const problems = [
        ...program.getSyntacticDiagnostics(file),
        ...program.getSemanticDiagnostics(file),
      ].map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
      expect(problems).toEqual([]);
    },
    TYPE_CHECK_MS,
  );
});
