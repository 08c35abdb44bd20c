import { resolve } from 'node:path';
import ts from 'typescript';

/** One object of Kubernetes, as it is sent. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** The versions of Kubernetes whose published types are installed. */
export const KUBERNETES_VERSIONS = ['1.26', '1.29', '1.30'] as const;

const MODELS: Readonly<Record<string, string>> = {
  'monitoring.coreos.com/v1': '@kubernetes-models/prometheus-operator',
  'external-secrets.io/v1beta1': '@kubernetes-models/external-secrets',
};

/**
 * What the published types find wrong with objects, in words: fields that are missing, of another type, or unknown. An
 * object is written as a literal of its type, and the compiler of TypeScript is asked.
 */
export function schemaProblems(objects: readonly KubernetesObject[], version: string): string[] {
  const lines = objects.map((object, i) => {
    const type = typeOf(object, version);
    return `export const o${String(i)}: ${type} = ${JSON.stringify(object)};`;
  });
  const file = resolve('backend', 'objects.ts');
  return compile(file, lines.join('\n')).map(({ line, message }) => {
    const { kind, metadata } = objects[line]!;
    return `${kind} ${metadata.name}: ${message}`;
  });
}

function typeOf({ apiVersion, kind }: KubernetesObject, version: string): string {
  const model = MODELS[apiVersion];
  if (model !== undefined) return `import('${model}/${apiVersion}/${kind}').I${kind}`;
  const [group = '', name] = apiVersion.split('/');
  const folder = name === undefined ? `core/${group}` : `${group.replace('.k8s.io', '')}/${name}`;
  return `import('kubernetes-types-${version}/${folder}').${kind}`;
}

function compile(file: string, text: string): { line: number; message: string }[] {
  const options: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    skipLibCheck: true,
    noEmit: true,
    types: [],
    lib: ['lib.es2015.d.ts'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) =>
    resolve(name) === file
      ? ts.createSourceFile(name, text, ts.ScriptTarget.ES2022)
      : getSourceFile(name, ...rest);
  host.fileExists = (name) => resolve(name) === file || ts.sys.fileExists(name);
  const program = ts.createProgram([file], options, host);
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => ({
    line:
      diagnostic.file === undefined
        ? 0
        : ts.getLineAndCharacterOfPosition(diagnostic.file, diagnostic.start ?? 0).line,
    message: ts.flattenDiagnosticMessageText(diagnostic.messageText, ' '),
  }));
}
