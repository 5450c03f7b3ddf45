// What this browser keeps. Storage can be refused or full: then the page still works, it only remembers less.
function keeper(find) {
    return {
        get(name) {
            try {
                return JSON.parse(find().getItem(name));
            } catch {
                return null;
            }
        },
        set(name, value) {
            try {
                if (value === null || value === undefined)
                    find().removeItem(name);
                else
                    find().setItem(name, JSON.stringify(value));
            } catch {
                // Nothing depends on it.
            }
        },
    };
}

// For good, and the same for all tabs.
export const local = keeper(() => localStorage);

// For this tab, until it is closed.
export const daAba = keeper(() => sessionStorage);
