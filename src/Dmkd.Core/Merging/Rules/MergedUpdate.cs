using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Rules;

/// <summary>What a merge rule made of a round's updates. Owns its tensors.</summary>
/// <param name="Update">In the first update's order. Float64, so that adding it to the base rounds once.</param>
/// <param name="AcceptedWeights">
/// Each contributor's part in the update, in the contributors' order: in [0, 1], 0 for one that was left out. They sum to 1, or to
/// 0 when nothing was left of any.
/// </param>
public sealed record MergedUpdate(WeightSet Update, IReadOnlyList<double> AcceptedWeights) : IDisposable
{
    /// <summary>Disposes the tensors.</summary>
    public void Dispose() => Update.Dispose();

    /// <summary>Divides parts by their sum.</summary>
    internal static IReadOnlyList<double> Normalise(IReadOnlyList<double> parts)
    {
        double total = parts.Sum();
        return [.. parts.Select(part => total > 0 ? part / total : 0)];
    }
}
