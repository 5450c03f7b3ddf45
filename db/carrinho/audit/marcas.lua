-- A page of the carts, for scripts/audit. ARGV: cursor, carts a page. Returns the next cursor, then lines for COPY: one for each cart
-- ("session", the version that the last order taken out of it was made of, "\N"), and one for each order that a cart of an older
-- release remembers ("session", "\N", "order").
local pagina = redis.call('SCAN', ARGV[1], 'MATCH', 'carrinho:????????-????-????-????-????????????', 'COUNT', ARGV[2])
local linhas = {pagina[1]}

local function campo(texto)
	return texto and (texto:gsub('[\\\t\n\r]', {['\\'] = '\\\\', ['\t'] = '\\t', ['\n'] = '\\n', ['\r'] = '\\r'})) or '\\N'
end

for _, chave in ipairs(pagina[2]) do
	local membros = redis.call('HKEYS', chave)
	local sessao = campo(chave:sub(#'carrinho:' + 1))
	if #membros > 0 then
		local retirada = redis.call('HGET', chave, 'retirada')
		retirada = retirada and (retirada:match('^(%d+) %d+$') or retirada)
		table.insert(linhas, sessao .. '\t' .. campo(retirada) .. '\t\\N')
	end
	for _, membro in ipairs(membros) do
		if membro:sub(1, 2) == 'p:' then
			table.insert(linhas, sessao .. '\t\\N\t' .. campo(membro:sub(3)))
		end
	end
end
return linhas
