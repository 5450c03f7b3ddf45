-- A page of the carts, for scripts/audit. ARGV: cursor, carts a page. Returns the next cursor, then lines for COPY:
-- one for each cart ("session \N"), and one for each order that was taken out of it ("session order").
local pagina = redis.call('SCAN', ARGV[1], 'MATCH', 'carrinho:*', 'COUNT', ARGV[2])
local linhas = {pagina[1]}

local function campo(texto)
	return (texto:gsub('[\\\t\n\r]', {['\\'] = '\\\\', ['\t'] = '\\t', ['\n'] = '\\n', ['\r'] = '\\r'}))
end

for _, chave in ipairs(pagina[2]) do
	local membros = redis.call('HKEYS', chave)
	local sessao = campo(chave:sub(#'carrinho:' + 1))
	if #membros > 0 then
		table.insert(linhas, sessao .. '\t\\N')
	end
	for _, membro in ipairs(membros) do
		if membro:sub(1, 2) == 'p:' then
			table.insert(linhas, sessao .. '\t' .. campo(membro:sub(3)))
		end
	end
end
return linhas
