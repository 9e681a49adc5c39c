-- What a learner sees of automatic differentiation.

return require("gradus.core.grad").learner
