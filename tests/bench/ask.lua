-- wrk's side of scripts/bench goals: asks what the lines of a file say, METHOD PATH [BODY], one after the other.
--
--   wrk … -s ask.lua URL -- FILE [MILLISECONDS]
--
-- With MILLISECONDS each connection waits that long on average before it asks again, at random as customers do. No answer is
-- looked at, only counted when its status is an error: that would cost more than the answer.
local requests, position = {}, 0

local function think(mean)
	math.randomseed(1)
	return function()
		return math.floor(-math.log(1 - math.random()) * mean + 0.5)
	end
end

function init(args)
	local headers = {['Content-Type'] = 'application/json'}
	for line in io.lines(args[1]) do
		local method, path, body = line:match('^(%S+) (%S+) ?(.*)$')
		if body == '' then
			requests[#requests + 1] = wrk.format(method, path)
		else
			requests[#requests + 1] = wrk.format(method, path, headers, body)
		end
	end
	if args[2] then
		delay = think(tonumber(args[2]))
	end
end

function request()
	position = position % #requests + 1
	return requests[position]
end

-- For the eyes of measure.py, as in orders.lua.
function done(summary, latency)
	local errors = summary.errors
	io.write(string.format('RESULT %d %d %d %.3f %.3f %s\n', summary.requests, summary.duration,
		errors.connect + errors.read + errors.write + errors.timeout,
		latency:percentile(50) / 1000, latency:percentile(99) / 1000,
		errors.status > 0 and errors.status .. ' answers were errors' or ''))
end
