-- wrk's side of scripts/bench orders: each cart of the file is ordered once. Anything but a 201 ends the thread.
-- Globals are what done() can read of a thread.
local sessions, position = {}, 0
local headers = {['Content-Type'] = 'application/json'}
local body = '{"session_id": "%s", "cliente": {"nome": "Maria da Silva", "email": "maria@exemplo.com.br", ' ..
	'"telefone": "+55 11 91234-5678"}, "entrega": {"tipo": "retirada"}}'
created, refusal = 0, ''

local worker

function setup(thread)
	worker = thread
end

function init(args)
	for line in io.lines(args[1]) do
		sessions[#sessions + 1] = line
	end
end

function request()
	position = position + 1
	if position > #sessions then
		refusal = 'all carts are used up'
		wrk.thread:stop()
		position = #sessions
	end
	return wrk.format('POST', '/api/pedidos', headers, body:format(sessions[position]))
end

function response(status, _, answer)
	if status == 201 then
		created = created + 1
	else
		refusal = status .. ' ' .. answer
		wrk.thread:stop()
	end
end

-- For the eyes of measure.py: what was refused comes last, since it may hold anything.
function done(summary, latency)
	local errors = summary.errors
	io.write(string.format('RESULT %d %d %d %.3f %.3f %s\n', worker:get('created'), summary.duration,
		errors.connect + errors.read + errors.write + errors.timeout,
		latency:percentile(50) / 1000, latency:percentile(99) / 1000, worker:get('refusal')))
end
