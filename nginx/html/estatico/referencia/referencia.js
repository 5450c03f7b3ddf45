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

globalThis.SwaggerUIBundle?.({
    url: '/api/openapi.yaml',
    domNode: document.querySelector('#referencia'),
    layout: 'BaseLayout',
    validatorUrl: null,
    deepLinking: true,
    persistAuthorization: false,
    docExpansion: 'list',
    defaultModelsExpandDepth: 0,
    onComplete: nameLandmarks,
});
