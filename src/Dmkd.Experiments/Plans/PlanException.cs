namespace Dmkd.Experiments.Plans;

/// <summary>An experiment file, or a folder of results, cannot be used; the message is one line with file, line, key, limit and value.</summary>
public sealed class PlanException(string message) : Exception(message);
