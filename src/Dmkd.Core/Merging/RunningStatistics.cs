namespace Dmkd.Core.Merging;

/// <summary>Tells batch norm's running statistics from the weights that are trained, by name.</summary>
public static class RunningStatistics
{
    /// <summary>Whether a tensor is a running mean or variance.</summary>
    /// <param name="name">Name of a weight, such as <c>bn1.running_var</c>.</param>
    public static bool Contains(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(".running_mean", StringComparison.Ordinal) || IsVariance(name);
    }

    /// <summary>Whether a tensor is a running variance.</summary>
    /// <param name="name">Name of a weight, such as <c>bn1.running_var</c>.</param>
    public static bool IsVariance(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return name.EndsWith(".running_var", StringComparison.Ordinal);
    }

    /// <summary>Name of the running mean that belongs to a running variance.</summary>
    /// <param name="variance">Such as <c>bn1.running_var</c>.</param>
    public static string MeanOf(string variance)
    {
        ArgumentNullException.ThrowIfNull(variance);
        return variance[..^"var".Length] + "mean";
    }
}
