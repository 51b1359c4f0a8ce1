namespace Dmkd.Experiments;

/// <summary>A run was stopped by somebody while it was followed; it waits to be resumed.</summary>
/// <param name="where">Where it stopped, such as <c>in phase train of task 2</c>.</param>
public sealed class RunHaltedException(string where) : Exception($"The run was stopped {where}.")
{
    /// <summary>Where it stopped.</summary>
    public string Where { get; } = where;
}
