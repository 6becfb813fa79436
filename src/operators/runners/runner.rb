# Calls the method that a rb> task names and writes down what it stored.
#
# Arguments: the command, the file with the parameters and the file for the results, both JSON. The command is
# Module::Class.method (of an instance if the class has such a method, otherwise of the class itself) or a method's
# name. Needs Ruby 2.5 or newer and nothing else.

require "json"

# What has been stored, as plain data.
module DigdagEnv
  PARAMS = JSON.parse(File.read(ARGV[1], encoding: "UTF-8"))["params"]
  SUBTASK_CONFIG = {}
  EXPORT_PARAMS = {}
  STORE_PARAMS = {}
  STATE_PARAMS = {}
end

module Digdag
  # What tasks know as Digdag.env.
  class Env
    attr_reader :params, :subtask_config, :export_params, :store_params, :state_params

    def initialize
      @params = DigdagEnv::PARAMS
      @subtask_config = DigdagEnv::SUBTASK_CONFIG
      @export_params = DigdagEnv::EXPORT_PARAMS
      @store_params = DigdagEnv::STORE_PARAMS
      @state_params = DigdagEnv::STATE_PARAMS
    end

    def set_state(params = {}, **more)
      @state_params.update(params).update(more)
    end

    def export(params = {}, **more)
      @export_params.update(params).update(more)
    end

    def store(params = {}, **more)
      @store_params.update(params).update(more)
    end

    # add_subtask(task), add_subtask(method_name, params = {}) or add_subtask(class, method_name, params = {})
    def add_subtask(*arguments)
      config = arguments.last.is_a?(Hash) ? arguments.pop.dup : {}
      case arguments.length
      when 0
        raise ArgumentError, "wrong number of arguments (given 0, expected 1..3)" if config.empty?
      when 1
        config["rb>"] = method_name(arguments[0])
      when 2
        config["rb>"] = class_method(arguments[0], arguments[1])
      else
        raise ArgumentError, "wrong number of arguments (given #{arguments.length}, expected 1..3, a Hash last)"
      end
      begin
        JSON.generate(config)
      rescue StandardError => e
        raise ArgumentError, "Parameters must be serializable using JSON: #{e}"
      end
      @subtask_config["+subtask#{@subtask_config.length}"] = config
      nil
    end

    private

    def method_name(value)
      unless value.respond_to?(:to_sym)
        raise ArgumentError, "Method name must be a Symbol but got #{value.inspect}"
      end
      raise ArgumentError, "Method name can't include '.'" if value.to_s.include?(".")
      value.to_s
    end

    def class_method(owner, method)
      name = method_name(method)
      unless owner.is_a?(Class) || owner.respond_to?(:to_sym)
        raise ArgumentError, "First argument must be a Class or Symbol but got #{owner.inspect}"
      end
      begin
        found = Kernel.const_get(owner.is_a?(Class) ? owner.name.to_s : owner.to_s)
      rescue NameError
        raise ArgumentError, "Could not find class named #{owner}"
      end
      unless found.respond_to?(name) || found.public_instance_methods.include?(name.to_sym)
        raise ArgumentError, "Class #{found} does not have method :#{name}"
      end
      "::#{found}.#{name}"
    end
  end

  DIGDAG_ENV = Env.new
  private_constant :DIGDAG_ENV

  def self.env
    DIGDAG_ENV
  end
end

# In a module, so that no method here takes the place of one that the user has defined at the top.
module DigdagRunner
  module_function

  def main(command, output_file)
    error = call(command, DigdagEnv::PARAMS)
    error = write_results(output_file, error)
    raise error if error
  end

  # Returns nil, or the error that was raised. What ends scripts otherwise, such as exit, ends this one too.
  def call(command, params)
    *scope, name = command.split(".")
    name = name.to_s.to_sym
    if scope.empty?
      receiver = TOPLEVEL_BINDING.receiver
    else
      receiver = Kernel.const_get(scope.join("."))
      of_instance = receiver.is_a?(Class) && receiver.public_instance_methods.include?(name)
      receiver = invoke(receiver, :new, params) if of_instance
    end
    invoke(receiver, name, params)
    nil
  rescue StandardError, ScriptError => e
    e
  end

  # Leaves of this file's own frames only the outermost one.
  def without_own_frames(error)
    trace = error.backtrace || []
    own = trace.select { |line| own?(line) }
    error.set_backtrace(trace - own + own.last(1))
    error
  end

  def own?(line)
    line.to_s.start_with?("#{__FILE__}:")
  end

  def invoke(receiver, name, params)
    arguments, keywords = arguments_of(receiver, name, params)
    # Ruby before 2.7 passes empty keywords as an empty hash.
    keywords.empty? ? receiver.send(name, *arguments) : receiver.send(name, *arguments, **keywords)
  end

  # Picks the parameters that a method takes.
  def arguments_of(receiver, name, params)
    arguments = []
    keywords = {}
    parameters_of(receiver, name).each do |kind, parameter|
      key = parameter.to_s
      case kind
      when :req, :keyreq
        unless params.key?(key)
          raise ArgumentError, "Method '#{shown(receiver, name)}' requires parameter '#{key}' but not set"
        end
        kind == :req ? arguments << params[key] : keywords[parameter] = params[key]
      when :opt
        arguments << params[key] if params.key?(key)
      when :key
        keywords[parameter] = params[key] if params.key?(key)
      when :keyrest
        keywords.update(symbolized(params))
      end
    end
    [arguments, keywords]
  end

  def parameters_of(receiver, name)
    parameters = receiver.method(name).parameters
    # Class#new takes whatever initialize takes.
    inherited = name == :new && parameters.map(&:first) == [:rest]
    inherited ? receiver.instance_method(:initialize).parameters : parameters
  end

  def shown(receiver, name)
    receiver.is_a?(Class) ? "#{receiver}.#{name}" : "#{receiver.class}##{name}"
  end

  def symbolized(hash)
    hash.each_with_object({}) do |(key, value), result|
      result[key.to_sym] = value.is_a?(Hash) ? symbolized(value) : value
    end
  end

  def write_results(path, error)
    results = {
      "subtask_config" => DigdagEnv::SUBTASK_CONFIG,
      "export_params" => DigdagEnv::EXPORT_PARAMS,
      "store_params" => DigdagEnv::STORE_PARAMS,
    }
    results["error"] = report(error) if error
    begin
      text = JSON.generate(results)
    rescue StandardError => e
      error ||= e
      text = JSON.generate("error" => report(error))
    end
    File.write(path, text, encoding: "UTF-8")
    error
  end

  def report(error)
    # Where a name is unknown, Ruby may show the line of this file that looked it up.
    found_here = own?((error.backtrace || []).first) && error.respond_to?(:original_message)
    message = found_here ? error.original_message : error.message
    trace = without_own_frames(error).backtrace.map { |line| readable(line) }
    { "class" => error.class.to_s, "message" => readable(message), "backtrace" => trace }
  end

  def readable(text)
    text.to_s.encode("UTF-8", invalid: :replace, undef: :replace).scrub
  end
end

# Lines are seen when they are printed, not when a buffer is full.
$stdout.sync = true
$LOAD_PATH << Dir.pwd
DigdagRunner.main(ARGV[0], ARGV[2])
