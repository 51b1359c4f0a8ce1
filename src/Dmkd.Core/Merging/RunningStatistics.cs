namespace Dmkd.Core.Merging;

/// <summary>Tells batch norm's running statistics from the weights that are trained, by name.</summary>
internal static class RunningStatistics
{
    /// <summary>Whether a tensor is a running mean or variance.</summary>
    public static bool Contains(string name) => name.EndsWith(".running_mean", StringComparison.Ordinal) || IsVariance(name);

    /// <summary>Whether a tensor is a running variance.</summary>
    public static bool IsVariance(string name) => name.EndsWith(".running_var", StringComparison.Ordinal);
}
