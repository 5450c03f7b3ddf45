// The viewer of /api/openapi.yaml: all of it from here, nothing asked of other hosts, and no token kept.
const dark = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', dark.matches);

follow();
dark.addEventListener('change', follow);

// The viewer's main landmark holds the calls; the texts before them get one, too.
function nameLandmarks() {
    const texts = document.querySelector('.swagger-ui .information-container');
    texts?.setAttribute('role', 'region');
    texts?.setAttribute('aria-label', 'O que vale para todas as chamadas');
}

// The viewer fills in the examples of optional parameters, which together find nothing: a call is tried with none of them.
function withoutOptionalExamples(document) {
    const copy = structuredClone(document);
    const calls = Object.values(copy.paths ?? {}).flatMap((path) => [path, ...Object.values(path)]);
    const lists = [...calls.map((call) => call?.parameters ?? []), Object.values(copy.components?.parameters ?? {})];
    for (const parameter of lists.flat().filter((one) => !one.required))
        for (const place of [parameter, parameter.schema ?? {}]) {
            delete place.example;
            delete place.examples;
        }
    return copy;
}

const tryWithoutThem = () => ({statePlugins: {spec: {wrapActions: {
    updateJsonSpec: (update) => (document) => update(withoutOptionalExamples(document)),
}}}});

globalThis.SwaggerUIBundle?.({
    url: '/api/openapi.yaml',
    domNode: document.querySelector('#referencia'),
    layout: 'BaseLayout',
    validatorUrl: null,
    deepLinking: true,
    persistAuthorization: false,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    plugins: [tryWithoutThem],
    onComplete: nameLandmarks,
});
