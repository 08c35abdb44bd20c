/**
 * The script of the page of operations. It builds elements and sets their text; nothing that comes
 * from a response is ever parsed as HTML.
 */
export const DOCS_SCRIPT = `
'use strict';
const tokenField = document.getElementById('token');

function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key === 'text') made.textContent = value;
    else made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

const pretty = (value) => JSON.stringify(value, null, 2);
const codeBlock = (text) => element('pre', { tabindex: '0' }, element('code', { text }));

function exampleOf(schema) {
  if (schema === undefined) return null;
  if (schema.examples) return schema.examples[0];
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  if (schema.type === 'object') {
    const pairs = Object.entries(schema.properties ?? {});
    return Object.fromEntries(pairs.map(([name, one]) => [name, exampleOf(one)]));
  }
  if (schema.type === 'integer' || schema.type === 'number') return Math.max(1, schema.minimum ?? 1);
  return schema.type === 'boolean' ? false : '';
}

function inputFor(id, parameter) {
  const { schema, required } = parameter;
  if (schema.enum) {
    const select = element('select', { id });
    if (!required) select.append(element('option', { value: '', text: '(any)' }));
    for (const value of schema.enum) select.append(element('option', { value, text: value }));
    return select;
  }
  const input = element('input', { id, autocomplete: 'off' });
  input.value = required ? String(exampleOf(schema) ?? '') : '';
  if (schema.default !== undefined) input.placeholder = String(schema.default);
  return input;
}

function boundsOf(schema) {
  const known = ['minimum', 'maximum', 'minLength', 'maxLength', 'pattern', 'default'];
  const parts = known.filter((name) => schema[name] !== undefined && name !== 'pattern')
    .map((name) => name + ' ' + schema[name]);
  return [schema.type, ...parts].filter(Boolean).join(', ');
}

function addParameters(form, operation) {
  return (operation.parameters ?? []).map((parameter) => {
    const id = operation.operationId + '-' + parameter.name;
    const input = inputFor(id, parameter);
    const note = parameter.schema.description ?? boundsOf(parameter.schema);
    form.append(
      element('label', { for: id, text: parameter.name + (parameter.required ? '' : ' (optional)') }),
      input,
      element('p', { class: 'soft', text: note }),
    );
    return { ...parameter, input };
  });
}

function addBody(form, operation) {
  const schema = operation.requestBody?.content['application/json'].schema;
  if (schema === undefined) return null;
  const id = operation.operationId + '-body';
  const area = element('textarea', { id, spellcheck: 'false' });
  area.value = pretty(exampleOf(schema));
  form.append(element('label', { for: id, text: 'Body (JSON)' }), area);
  return area;
}

function addressOf(path, parameters) {
  const query = new URLSearchParams();
  let address = path;
  for (const { name, in: place, input } of parameters) {
    const value = input.value.trim();
    if (place === 'path') address = address.replace('{' + name + '}', encodeURIComponent(value));
    else if (value !== '') query.set(name, value);
  }
  return query.size === 0 ? address : address + '?' + query;
}

async function send(method, address, body, guarded) {
  const headers = { accept: 'application/json' };
  if (body !== null) headers['content-type'] = 'application/json';
  if (guarded || tokenField.value !== '') headers.authorization = 'Bearer ' + tokenField.value;
  const startedAt = performance.now();
  const response = await fetch(address, { method, headers, body: body?.value });
  const text = await response.text();
  const ms = Math.round(performance.now() - startedAt);
  const about = response.status + ' in ' + ms + ' ms, request ' + response.headers.get('x-request-id');
  try {
    return { about, text: pretty(JSON.parse(text)), json: JSON.parse(text) };
  } catch {
    return { about, text, json: null };
  }
}

function formFor(method, path, operation) {
  const form = element('form');
  const parameters = addParameters(form, operation);
  const body = addBody(form, operation);
  const button = element('button', { type: 'submit', text: 'Send' });
  const status = element('p', { class: 'status', role: 'status' });
  const result = element('div');
  form.append(button, status, result);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const guarded = (operation.security ?? []).length > 0;
      const address = addressOf(path, parameters);
      const answer = await send(method.toUpperCase(), address, body, guarded);
      status.textContent = answer.about;
      if (typeof answer.json?.token === 'string') tokenField.value = answer.json.token;
      result.replaceChildren(...(answer.text === '' ? [] : [codeBlock(answer.text)]));
    } catch (error) {
      status.textContent = 'No answer: ' + error.message;
      result.replaceChildren();
    } finally {
      button.disabled = false;
    }
  });
  return form;
}

function answersOf(operation, components) {
  const list = element('tbody');
  for (const [status, { description }] of Object.entries(operation.responses)) {
    list.append(element('tr', {}, element('td', { text: status }), element('td', { text: description })));
  }
  const head = element('tr', {}, element('th', { text: 'Status' }), element('th', { text: 'Meaning' }));
  const schema = operation.responses['200']?.content['application/json'].schema;
  const shown = schema === undefined ? [] : [schemaBlock('Schema of the answer', schema)];
  const request = operation.requestBody?.content['application/json'].schema;
  if (request !== undefined) shown.unshift(schemaBlock('Schema of the body', request));
  shown.push(schemaBlock('Schema of errors', components.schemas.Error));
  return [element('div', { class: 'table' }, element('table', {}, element('thead', {}, head), list)), ...shown];
}

function schemaBlock(title, schema) {
  return element('details', {}, element('summary', { text: title }), element('div', {}, codeBlock(pretty(schema))));
}

function cardFor(method, path, operation, components) {
  const lock = (operation.security ?? []).length > 0 ? 'needs a session' : '';
  const summary = element('summary', {},
    element('span', { class: 'method ' + method, text: method.toUpperCase() }),
    element('span', { class: 'path', text: path }),
    element('span', { class: 'soft', text: lock }),
  );
  const inside = element('div', {}, element('p', { text: operation.summary }), formFor(method, path, operation));
  inside.append(element('h3', { text: 'Answers' }), ...answersOf(operation, components));
  return element('details', { id: operation.operationId }, summary, inside);
}

async function show() {
  const place = document.getElementById('operations');
  try {
    const { paths, components } = await (await fetch('/openapi.json')).json();
    const sections = new Map();
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, operation] of Object.entries(methods)) {
        const tag = operation.tags[0];
        if (!sections.has(tag)) sections.set(tag, element('section', {}, element('h2', { text: tag })));
        sections.get(tag).append(cardFor(method, path, operation, components));
      }
    }
    place.replaceChildren(...sections.values());
    document.getElementById(location.hash.slice(1))?.setAttribute('open', '');
  } catch (error) {
    place.replaceChildren(element('p', { text: 'The description cannot be loaded: ' + error.message }));
  }
}
show();
`;
