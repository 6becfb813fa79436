"""Calls the function or method that a py> task names and writes down what it stored.

Arguments: the command, the file with the parameters and the file for the results, both JSON. The command is
package.module.function, package.module.Class.method, or package.module.Class, whose method is run().
Needs Python 3.6 or newer and nothing else.
"""

import inspect
import json
import os
import sys
import traceback
import types


class Env(object):
    """What tasks know as digdag.env."""

    def __init__(self, params):
        self.params = params
        self.subtask_config = {}
        self.export_params = {}
        self.store_params = {}
        self.state_params = {}
        self.subtask_index = 0

    def set_state(self, params={}, **more):
        self.state_params.update(params, **more)

    def export(self, params={}, **more):
        self.export_params.update(params, **more)

    def store(self, params={}, **more):
        self.store_params.update(params, **more)

    def add_subtask(self, function=None, **params):
        """Adds a task below this one: a function with parameters, or the keys of any task."""
        if function is None:
            config = params
        elif isinstance(function, dict):
            config = dict(function, **params)
        else:
            config = dict(params)
            config["py>"] = function.__module__ + "." + function.__qualname__
        try:
            json.dumps(config)
        except Exception as error:
            raise TypeError("Parameters must be serializable using JSON: %s" % error)
        self.subtask_config["+subtask%d" % self.subtask_index] = config
        self.subtask_index += 1


def install_modules(env):
    """Makes `import digdag` and `import digdag_env` work."""
    digdag = types.ModuleType("digdag")
    digdag.env = env
    digdag_env = types.ModuleType("digdag_env")
    for name in ("params", "subtask_config", "export_params", "store_params", "state_params"):
        setattr(digdag_env, name, getattr(env, name))
    sys.modules.update(digdag=digdag, digdag_env=digdag_env)


def prepare_path():
    """Modules come from the working directory, after Python's own; the directory of this file has none to offer."""
    here = os.path.dirname(os.path.abspath(sys.argv[0]))
    sys.path[:] = [place for place in sys.path if os.path.abspath(place or ".") != here]
    sys.path.append(os.getcwd())


def find_target(command):
    """Returns a callable and None, or a class and the name of its method."""
    parents = command.split(".")
    name = parents.pop()
    method_name = None
    try:
        module = __import__(".".join(parents), fromlist=[name])
    except ImportError:
        # What is before the last dot may be a class in a module.
        name, method_name = parents.pop(), name
        module = __import__(".".join(parents), fromlist=[name])
    try:
        target = getattr(module, name)
    except AttributeError:
        raise AttributeError("Module '%s' has no attribute '%s'" % (".".join(parents), name))
    if method_name is None and isinstance(target, type):
        method_name = "run"
    return target, method_name


def arguments_of(function, params, skip_first=False):
    """Picks the parameters that a function takes; one that takes **keywords gets all."""
    if function == object.__init__:
        return {}
    arguments = {}
    takes_all = False
    parameters = list(inspect.signature(function, follow_wrapped=False).parameters.values())
    for parameter in parameters[1:] if skip_first else parameters:
        if parameter.kind == parameter.VAR_KEYWORD:
            takes_all = True
        elif parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            if parameter.name in params:
                arguments[parameter.name] = params[parameter.name]
            elif parameter.default is parameter.empty:
                name = getattr(function, "__qualname__", None) or repr(function)
                raise TypeError("Method '%s' requires parameter '%s' but not set" % (name, parameter.name))
    return params if takes_all else arguments


def run(command, params):
    """Returns None, or the error as it is reported and the exception to raise."""
    try:
        target, method_name = find_target(command)
        if method_name is None:
            target(**arguments_of(target, params))
        else:
            instance = target(**arguments_of(target.__init__, params, skip_first=True))
            method = getattr(instance, method_name)
            method(**arguments_of(method, params))
    except SystemExit as error:
        # An exit code says little, and a standard module of the same name as the user's may be to blame.
        message = (
            "Failed to call python command with code:%s Possible cause: Invalid python module call, "
            "duplicate module name with standard library" % (0 if error.code is None else error.code)
        )
        return report(error, message), RuntimeError(message)
    except Exception as error:
        return report(error, str(error)), error
    return None


def report(error, message):
    trace = traceback.format_exception(type(error), error, error.__traceback__)
    return {"class": type(error).__name__, "message": message, "backtrace": trace}


def write_results(path, env, failure):
    results = {
        "subtask_config": env.subtask_config,
        "export_params": env.export_params,
        "store_params": env.store_params,
    }
    if failure is not None:
        results["error"] = failure[0]
    try:
        # NaN and infinity are no JSON.
        text = json.dumps(results, ensure_ascii=False, allow_nan=False)
    except Exception as error:
        failure = failure or (report(error, str(error)), error)
        text = json.dumps({"error": failure[0]}, ensure_ascii=False)
    # Halves of surrogate pairs, as in names of files that are not UTF-8, cannot be written.
    with open(path, "w", encoding="utf-8", errors="replace") as file:
        file.write(text)
    return failure


def main():
    command, input_path, output_path = sys.argv[1:4]
    with open(input_path, encoding="utf-8") as file:
        env = Env(json.load(file)["params"])
    install_modules(env)
    prepare_path()
    if hasattr(sys.stdout, "reconfigure"):
        # Lines are seen when they are printed, not when a buffer is full. (Python 3.7)
        sys.stdout.reconfigure(line_buffering=True)
    failure = write_results(output_path, env, run(command, env.params))
    if failure is not None:
        sys.stdout.flush()
        raise failure[1]


main()
