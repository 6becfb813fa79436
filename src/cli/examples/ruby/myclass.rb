# The methods that the workflow calls.
class MyClass
  SEEDS_PER_BED = 12

  # `beds` is a parameter; what is stored is a parameter of the tasks that follow.
  def count(beds)
    Digdag.env.store(seeds: beds * SEEDS_PER_BED)
  end

  def tell(session_date, seeds)
    puts "On #{session_date} #{seeds} seeds were sown."
  end
end
