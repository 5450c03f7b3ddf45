# Turns fcgi/core/problems.def into pages for people: one a problem, where its `type` points, and a list of all.
# -v model=FILE with @TITULO@ and @CONTEUDO@; -v out=DIRECTORY.

function html(text) {
	gsub(/&/, "\\&amp;", text)
	gsub(/</, "\\&lt;", text)
	gsub(/>/, "\\&gt;", text)
	return text
}

# The text around each mark; a plain gsub would read & and \ in what goes in.
function between(text, mark, value,    at) {
	at = index(text, mark)
	return at ? substr(text, 1, at - 1) value between(substr(text, at + length(mark)), mark, value) : text
}

function page(file, title, content) {
	print between(between(skeleton, "@TITULO@", title), "@CONTEUDO@", content) > (out "/" file)
	close(out "/" file)
}

BEGIN {
	while ((getline line < model) > 0)
		skeleton = skeleton line "\n"
}

/^PROBLEM\(/ {
	split($0, parts, "\"")
	split(parts[3], numbers, ",")
	slug = parts[2]
	gsub(/_/, "-", slug)
	title = html(parts[4])
	detail = html(parts[6])
	wait = numbers[3] + 0 ? "<p>Espere ao menos " (numbers[3] + 0) " segundos antes da próxima chamada (cabeçalho <code>Retry-After</code>).</p>" : ""
	page(slug ".html", title, "<p class=\"codigo\">HTTP " (numbers[2] + 0) " · <code>" parts[2] "</code></p><p>" detail "</p>" wait \
		"<p><a href=\"/erros/\">Todos os erros</a></p>")
	list = list "<tr><td>" (numbers[2] + 0) "</td><td><a href=\"/erros/" slug "\">" title "</a></td><td><code>" parts[2] \
		"</code></td></tr>\n"
}

END {
	page("index.html", "Erros da API", "<p>Toda falha da <a href=\"/api/\">API</a> traz um destes códigos no campo <code>codigo</code>.</p>" \
		"<table><thead><tr><th>HTTP</th><th>Erro</th><th>Código</th></tr></thead><tbody>\n" list "</tbody></table>")
}
