// A line a test, why it failed, and a last line `N passed, N failed`, as tests/run.py reads it.
const indent = (text) => String(text).replace(/^/gm, '    ');

function reason(error) {
    const cause = error?.cause ?? error;
    return cause?.stack ?? cause?.message ?? String(cause);
}

export default async function* report(events) {
    let passed = 0, failed = 0;
    for await (const {type, data} of events) {
        // A page's test has the file in its name: it is made in browser.mjs (pageTest).
        const file = (data.file ?? '').replace(/.*\//, '').replace(/^browser\.mjs$/, '');
        const label = file === '' ? data.name : `${file}: ${data.name}`;
        if (type === 'test:stdout' || type === 'test:stderr')
            yield data.message;
        if (type !== 'test:pass' && type !== 'test:fail')
            continue;
        const wrapper = data.details?.type === 'suite' || data.name.endsWith('.test.mjs');
        if (type === 'test:pass' && !wrapper && data.skip === undefined) {
            passed += 1;
            yield `ok      ${label} (${Math.round(data.details.duration_ms)} ms)\n`;
        } else if (type === 'test:pass' && data.skip !== undefined) {
            yield `skipped ${label}: ${data.skip}\n`;
        } else if (type === 'test:fail' && data.details.error.failureType !== 'subtestsFailed') {
            failed += 1;
            yield `FAILED  ${label}\n${indent(reason(data.details.error))}\n`;
        }
    }
    yield `${passed} passed, ${failed} failed\n`;
}
