-- What a learner sees of automatic differentiation: tracking and backward (src/bind/grad.c), the two modes as traces,
-- operations with a derivative made by hand, and the check of one.

local grad = require("gradus.core.grad").learner

local trace = require "gradus.grad.trace"
grad.forward, grad.reverse = trace.forward, trace.reverse
grad.check = require "gradus.grad.check"
grad.operation = require "gradus.grad.operation"

return grad
