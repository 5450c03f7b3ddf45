-- A page of the stream of events, for scripts/audit. KEYS: the stream. ARGV: where it begins ('-', or "(" and the last
-- entry seen), entries a page. Returns where the next page begins ('0': nowhere), then lines for COPY: time and number
-- of the entry, its fields. The first line of the first page is no entry: its number says how many were taken out of
-- the stream since it was made.
local pagina = redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])
local linhas = {#pagina == tonumber(ARGV[2]) and '(' .. pagina[#pagina][1] or '0'}

local function campo(texto)
	if not texto then
		return '\\N'
	end
	return (texto:gsub('[\\\t\n\r]', {['\\'] = '\\\\', ['\t'] = '\\t', ['\n'] = '\\n', ['\r'] = '\\r'}))
end

local function mapa(lista)
	local campos = {}
	for i = 1, #lista, 2 do
		campos[lista[i]] = lista[i + 1]
	end
	return campos
end

if ARGV[1] == '-' and redis.call('EXISTS', KEYS[1]) == 1 then
	local fluxo = mapa(redis.call('XINFO', 'STREAM', KEYS[1]))
	local retiradas = string.format('%d', fluxo['entries-added'] - fluxo['length'])
	table.insert(linhas, '0\t' .. retiradas .. '\t\\N\t\\N\t\\N\t\\N')
end
for _, entrada in ipairs(pagina) do
	local campos = mapa(entrada[2])
	table.insert(linhas, entrada[1]:gsub('-', '\t') .. '\t' .. campo(campos.id) .. '\t' .. campo(campos.pedido_id) ..
		'\t' .. campo(campos.tipo) .. '\t' .. campo(campos.dados))
end
return linhas
