using Dmkd.Core.Modules;

namespace Dmkd.Core.Merging.Alignment;

/// <summary>
/// Chains of units that can only move together, one unit in each of some spaces. The chains of one set can change places without
/// changing what the network computes.
/// </summary>
/// <param name="Spaces">Names of the spaces, at least one.</param>
/// <param name="Chains">For each chain its unit in each of the spaces.</param>
/// <remarks>
/// Most spaces are on their own. The stages of a CIFAR ResNet with shortcuts of option A are not: such a shortcut has no weights to
/// permute, and the channel that continues another one has to follow it.
/// </remarks>
internal sealed record UnitChains(IReadOnlyList<string> Spaces, IReadOnlyList<int[]> Chains)
{
    /// <summary>All chains of a network; every unit is in one.</summary>
    /// <exception cref="NotSupportedException">A channel is continued by more than one channel of the next stage.</exception>
    public static IEnumerable<UnitChains> Of(NetworkArchitecture architecture)
    {
        var streams = architecture is CifarResNetArchitecture { Shortcut: ResNetShortcut.ZeroPadded } resNet ? Streams(resNet) : [];
        string[] joined = [.. streams.SelectMany(chains => chains.Spaces)];
        return [.. streams, .. architecture.UnitSpaces.Where(space => !joined.Contains(space.Name)).Select(Alone)];
    }

    private static UnitChains Alone(UnitSpace space) => new([space.Name], [.. Enumerable.Range(0, space.Width).Select(unit => (int[])[unit])]);

    private static UnitChains[] Streams(CifarResNetArchitecture resNet)
    {
        var writers = resNet.Weights.ToDictionary(axes => axes.Name, axes => axes.Rows.Space, StringComparer.Ordinal);
        string[] spaces = [.. resNet.StreamWidths.Select((_, stage) => writers[$"{CifarResNetArchitecture.BlockOf(stage, 0)}.conv2.weight"])];
        var starts = resNet.StreamWidths.SelectMany((width, stage) => Enumerable.Range(0, width)
            .Where(unit => stage == 0 || resNet.ShortcutSources[stage - 1][unit] == ChannelMap.Zero).Select(unit => (stage, unit)));
        return [.. starts.Select(start => (start.stage, Units: Follow(resNet, start.stage, start.unit)))
            .GroupBy(chain => (chain.stage, chain.Units.Length), chain => chain.Units)
            .Select(group => new UnitChains(spaces[group.Key.stage..(group.Key.stage + group.Key.Length)], [.. group]))];
    }

    private static int[] Follow(CifarResNetArchitecture resNet, int stage, int unit)
    {
        List<int> units = [unit];
        for (; stage < resNet.ShortcutSources.Count; stage++)
        {
            var map = resNet.ShortcutSources[stage];
            int[] next = [.. Enumerable.Range(0, map.Count).Where(channel => map[channel] == units[^1])];
            if (next.Length > 1)
                throw new NotSupportedException($"{resNet} cannot be aligned: channel {units[^1]} of stage {stage + 1} continues as {next.Length} channels.");
            if (next.Length == 0) break;
            units.Add(next[0]);
        }

        return [.. units];
    }
}
