namespace Dmkd.Core.Models;

/// <summary>
/// How the same weight is called in different repositories. Add a repository's habits to these tables.
/// </summary>
internal static class WeightNames
{
    /// <summary>
    /// Names that wrappers put before every weight: DataParallel, Lightning, torch.compile and trainers.
    /// </summary>
    private static readonly string[] Wrappers = ["module", "model", "net", "backbone", "_orig_mod"];

    /// <summary>Names of the last linear layer, as the first part of a name.</summary>
    private static readonly string[] Heads = ["fc", "linear", "classifier", "head"];

    /// <summary>
    /// Names of a residual block's projection, as any part of a name: torchvision, CIFAR repositories.
    /// </summary>
    private static readonly string[] Shortcuts = ["downsample", "shortcut"];

    /// <summary>
    /// Last parts of tensors that are no weights: a counter of batch normalisation, and what a FLOP counter leaves.
    /// </summary>
    private static readonly string[] Ignored = ["num_batches_tracked", "total_ops", "total_params"];

    /// <summary>Whether a tensor is no weight.</summary>
    public static bool IsIgnored(string name) => Ignored.Contains(name[(name.LastIndexOf('.') + 1)..]);

    /// <summary>Takes wrappers off the front of a name.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="own">First parts of the architecture's own names; these are no wrappers.</param>
    public static string Unwrap(string name, IReadOnlySet<string> own)
    {
        while (FirstPart(name) is { } first && Wrappers.Contains(first) && !own.Contains(first))
            name = name[(first.Length + 1)..];
        return name;
    }

    /// <summary>The part before the first dot, or null when there is no dot.</summary>
    public static string? FirstPart(string name) =>
        name.IndexOf('.', StringComparison.Ordinal) is >= 0 and var dot ? name[..dot] : null;

    /// <summary>A spelling that is the same for all synonyms.</summary>
    public static string Canonical(string name)
    {
        string[] parts = name.Split('.');
        if (parts.Length == 2 && Heads.Contains(parts[0]))
            parts[0] = Heads[0];
        for (int i = 0; i < parts.Length; i++)
            if (Shortcuts.Contains(parts[i]))
                parts[i] = Shortcuts[0];
        return string.Join('.', parts);
    }
}
