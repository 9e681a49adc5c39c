// Every allocation fails once, in Lua's memory and in ours: what runs out of memory ends in an error, nothing
// is lost (AddressSanitizer's leak check sees to that), and the same state works on.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <lauxlib.h>

#include "bind/state.h"
#include "wrapped.h"

// The linker sends every allocation of ours, and Lua's through our allocator, here (see tests/meson.build).
// The threads of the pool allocate nothing.
static long left = -1;  // allocations until one fails; negative: none does
static bool fails(void) { return left >= 0 && left-- == 0; }
void *__wrap_malloc(size_t n) { return fails() ? NULL : __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t m) { return fails() ? NULL : __real_calloc(n, m); }
void *__wrap_realloc(void *p, size_t n) { return fails() ? NULL : __real_realloc(p, n); }
void *__wrap_aligned_alloc(size_t a, size_t n) { return fails() ? NULL : __real_aligned_alloc(a, n); }

// Lua meets a refused allocation with a full collection and a second try, so that one failure proves nothing
// there: `left` counts down once and from then on everything fails until the statement has ended.
static bool all_fail;
static void *refuse(void *context, void *block, size_t old_size, size_t size) {
  static void **inner;
  if (!inner) inner = context;
  (void)old_size;
  if (size && (all_fail || left == 0)) {
    all_fail = true;
    if (!block || size > old_size) return NULL;
  }
  if (size && left > 0) left--;
  lua_Alloc allocate = (lua_Alloc)(uintptr_t)inner[0];
  long kept = left;
  left = -1;
  void *moved = allocate(inner[1], block, old_size, size);
  left = kept;
  return moved;
}

// What the machine has left, as this test would have it.
static size_t available = SIZE_MAX;
size_t __wrap_gr_mem_available(void);
size_t __wrap_gr_mem_available(void) { return available; }

static const char prelude[] =
    "local names = {'grad', 'nn', 'optim', 'random'}\n"
    "local b = require 'gradus.builtins'\n"
    "env = setmetatable({}, {__index = function(_, k) local v = b.get(k) if v ~= "
    "nil then return v end return _G[k] end})\n"
    "m = b.get('nn').Sequential{b.get('nn').Dense{40, input_shape={9}}, "
    "b.get('nn').Dense{1}, dtype='float64'}\n"
    "m:compile{optimizer='adam', loss='mse'}\n"
    "local sinks = require 'gradus.session.sink'\n"
    "local s = require('gradus.session').new{sink=sinks.capture(), interactive=true}\n"
    "function env.entry(text) s:execute(text) s.sink:take(true) s.entries = 0 s.record.cells = {} end\n";

// Each is run again and again, with one allocation more before they fail.
static const char *const statements[] = {
    "return tostring(ones(40, 40))",
    "return ones(300):reshape(3, 100).T:clone()",
    "return tensor{{1, 2}, {3, 4}}:dot(tensor{{1, 2}, {3, 4}}:astype('float32'))",
    "return concatenate{ones(300), zeros(300)}[{{1, 600, 7}}]",
    "return take(ones(50, 9), gt(ones(50), 0))",
    "return ones(90, 9):sum(1), ones(90, 9)['::2, 1']:cumsum(), argmax(ones(90, 9), 2), std(ones(90, 9), 1)",
    "return where(gt(ones(300), 0), 1, ones(300)), clip(ones(300), 0, 1)",
    "return random.choice(90, 40, {replace=false}), random.permutation(ones(90, 9))",
    "local x = grad.track(ones(90, 9)) local y = sum(exp(x) * ones(90, 9) + 1) y:backward() return "
    "x.grad",
    "local x = grad.track(ones(90, 9)) mean(softmax(x:dot(ones(9, 3)))):backward()",
    "m.programs = {} return m:train_on_batch(ones(60, 9), ones(60, 1)), m:gradients()",
    "return m:predict(ones(600, 9))",
    "return data.waste{n=10, size=8, gray=false}",
    "return m:fit{ones(60, 9), ones(60, 1), epochs=2, verbose=0, validation_split=0.2}",
    "return ones(40, 40):totable()",
    "return ones(3, 20, 30):dot(ones(30, 20)[{{1, 30}, {3, 9}}])",
    "local A = ones(20, 20) + eye(20) return linalg.inv(A), linalg.solve(A, ones(20)), linalg.det(A), "
    "linalg.qr(A)",
    "local A = ones(20, 20) + eye(20) return linalg.eigh(A), linalg.cholesky(A), linalg.svd(A), "
    "linalg.cond(A)",
    "return linalg.pinv(ones(30, 8)), linalg.lstsq(ones(30, 8), ones(30)), linalg.matrix_rank(ones(30, 8))",
    "return fft.fft2(ones(20, 30)), fft.irfft(fft.rfft(ones(300))), fft.fftshift(ones(20, 30))",
    "local x = grad.track(ones(20, 20) + eye(20)); (sum(linalg.solve(x, ones(20))) + "
    "linalg.det(x)):backward()",
    "local x = grad.track(ones(9, 9) + diag(arange(9))) for _, f in ipairs{linalg.eigh, linalg.svd, "
    "linalg.qr, "
    "linalg.pinv, linalg.slogdet} do sum((f(x))):backward() end",
    "local x = grad.track(ones(90, 9)) local re, im = fft.rfft(x) local several = quantile(x, {0.1, 0.9}, "
    "1); "
    "(sum(re * im) + sum(median(x, 2)) + sum(several) + sum(cumprod(x, 2)) + sum(corrcoef(x, "
    "{rowvar=false}))):backward() return x.grad",
    "local x = grad.track(ones(30, 9, 9)) sum(data.resize(x, {4, 20})):backward() "
    "local counts = histogram(ones(9, 9), 3, {weights = x[1]}) sum(counts):backward()",
    "return sort(ones(90, 9), 1), argsort(ones(900)), unique(ones(900))",
    "return concatenate{ones(90, 9), ones(90, 9)}, stack{ones(300), ones(300)}",
    "local x = ones(90, 9) x[gt(x, 0)] = 2 x['1:3, :'] = ones(3, 9) x[{{1, 9, 2}, 1}] = 3 return x[{{1, 2}}]",
    "return tensor{{1, 2}, {3, 4}}, arange(900), linspace(0, 1, 900), eye(30)",
    "local x = ones(90, 9) x[{tensor{3, 1}, {}}] = x[{tensor{1, 2}, {}}] x[{gt(ones(90), 0), 2}] = 4 return "
    "x['::-1, newaxis'], x[x:astype('int64')]",
    "local x = ones(90, 9) return x:add_(x.T[':, 1:1'].T), x:exp_(), x:clip_(0, 1), x:fill_(3), "
    "x:astype('int64'):sub_(1)",
    "return tile(ones(90), 9), pad(ones(9, 9), 2, {mode='reflect'}), roll(ones(90, 9), 2, 1), flip(ones(90, "
    "9), 1), "
    "split(ones(90, 9), 3), ones(90):repeat_interleave(3), one_hot(zeros(90), 9)",
    "return median(ones(90, 9), 1), quantile(ones(900), {0.1, 0.9}), histogram(ones(900), 30), topk(ones(90, "
    "9), 3), "
    "searchsorted(arange(90), ones(90)), bincount(ones(900)), cov(ones(9, 90)), unique(ones(900), "
    "{return_counts=true})",
    "return softmax(ones(90, 9), 1), logsumexp(ones(90, 9), 2), var(ones(90, 9), {1, 2}), norm(ones(90, 9)), "
    "cumsum(ones(90, 9), 2), ones(90, 9):argmax(1)",
    "return random.normal(0, 1, 90, 9), random.randint(0, 9, 900), random.binomial(9, 0.5, 900), "
    "random.poisson(3, 900), random.multinomial(9, {0.5, 0.5}, 90), random.set_state(random.get_state())",
    "return ones(20, 9):describe(), ones(20, 9):tostring{threshold=math.huge}",
    "local x = grad.track(ones(4, 9, 9)) local y = concatenate{x, x}[{{2, 5}, {}, 3}]:reshape(4, "
    "-1).T:max(1) "
    "y:sum():backward() return x.grad",
    // Entries of a learner: what they print, what is wrong with their shapes, what Lua cannot compile.
    "entry 'X = ones(4, 3) X'",
    "entry 'X = ones(4, 3) m = X == 1 X.shape[0]'",
    "entry 'for i, row in ipairs(ones(2, 3)) do print(row) end'",
    "entry 'X = ones(4, 3) o = X:dot(ones(1, 3))'",
    "entry 'function f(a) local b = ones(40, 40) return a + b end f(ones(3))'",
    "entry 'x = {1, {2, \"three\"}, y = ones(2)} x'",
    "entry 'for i in range(10):'",
    "entry 'undefined_name + 1'",
    "entry 'error(setmetatable({}, {__tostring = function() return \"mine\" end}))'",
    "entry 'c = ones(3, 1) + ones(4)'",
    "entry 'coroutine.wrap(function() error(ones(300)) end)()'",
    "entry 'm = nn.Sequential{nn.Dense{2, input_shape={3}}} m:summary()'",
};

static void run(lua_State *L, const char *code) {
  assert_int_equal(luaL_loadstring(L, code), LUA_OK);
  lua_getglobal(L, "env");
  lua_setupvalue(L, -2, 1);
}

static void every_allocation_that_fails_ends_in_an_error_and_leaves_a_state_that_works(void **state) {
  (void)state;
  lua_State *L = gr_state_new(&(gr_state_options){.threads = 2});
  assert_non_null(L);
  if (luaL_dostring(L, prelude)) fail_msg("%s", lua_tostring(L, -1));
  void *context;
  lua_Alloc allocate = lua_getallocf(L, &context);
  void *inner[2] = {(void *)(uintptr_t)allocate, context};
  for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
    run(L, statements[i]);  // once as it should be: modules are loaded, caches are warm
    if (lua_pcall(L, 0, 0, 0)) fail_msg("%s: %s", statements[i], lua_tostring(L, -1));
    int status = LUA_ERRMEM;
    long step = 1, failures = 0;
    for (long n = 0; status != LUA_OK; n += step, failures++) {
      run(L, statements[i]);
      lua_setallocf(L, refuse, inner);
      all_fail = false;
      left = n;
      status = lua_pcall(L, 0, 0, 0);
      bool reached = left < 0 || all_fail;
      left = -1;
      all_fail = false;
      lua_setallocf(L, allocate, context);
      lua_settop(L, 0);
      if (!reached) break;
      if (status == LUA_OK) status = LUA_ERRMEM;  // it was done without: keep on
      if (n == 300) step = 7;                     // the first ones are the interesting ones
      run(L, statements[i]);
      if (lua_pcall(L, 0, 0, 0)) fail_msg("%s after failure %ld: %s", statements[i], n, lua_tostring(L, -1));
    }
    printf("# %ld failures: %s\n", failures, statements[i]);
    assert_true(failures > 0);
  }
  gr_state_free(L);
}

static void many_small_tensors_are_refused_before_the_machine_runs_out(void **state) {
  (void)state;
  lua_State *L = gr_state_new(&(gr_state_options){.threads = 1});
  assert_non_null(L);
  assert_int_equal(luaL_dostring(L, prelude), LUA_OK);
  static const char *const hoards[] = {
      "kept = {} for i = 1, 30 do kept[i] = ones(1000, 1000) end",
      "kept = {grad.track(ones(1000, 1000))} for i = 2, 30 do kept[i] = kept[i - 1] + 1 end",
  };
  for (int i = 0; i < 2; i++) {
    available = (size_t)100 << 20;
    run(L, hoards[i]);
    assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_ERRRUN);
    assert_non_null(strstr(lua_tostring(L, -1), "100 MiB left"));
    available = SIZE_MAX;
    run(L, "kept = nil collectgarbage() return ones(1000, 1000)");
    assert_int_equal(lua_pcall(L, 0, 0, 0), LUA_OK);
    lua_settop(L, 0);
  }
  gr_state_free(L);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_allocation_that_fails_ends_in_an_error_and_leaves_a_state_that_works),
      cmocka_unit_test(many_small_tensors_are_refused_before_the_machine_runs_out),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
