using static TorchSharp.torch;

namespace Dmkd.Core.Models;

/// <summary>
/// Which channel of one stage each channel of the next continues in a shortcut without weights; -1 is a channel of
/// zeros.
/// </summary>
internal static class ChannelMap
{
    public const int Zero = -1;

    /// <summary>All channels in the middle, as many zeros before as after them.</summary>
    public static int[] Centred(int sourceWidth, int width) =>
        [
            .. Enumerable
                .Range(0, width)
                .Select(channel => channel - (width - sourceWidth) / 2)
                .Select(source => source < 0 || source >= sourceWidth ? Zero : source),
        ];

    /// <summary>The map between the units that stay.</summary>
    /// <param name="map">The whole map; beyond its end are zeros.</param>
    /// <param name="sources">Units of the earlier stage that stay, ascending.</param>
    /// <param name="units">Units of the later stage that stay.</param>
    public static int[] Cut(IReadOnlyList<int> map, IReadOnlyList<int> sources, IReadOnlyList<int> units)
    {
        Dictionary<int, int> places = sources
            .Select((source, place) => (source, place))
            .ToDictionary(p => p.source, p => p.place);
        return
        [
            .. units.Select(unit => unit < map.Count && places.TryGetValue(map[unit], out int place) ? place : Zero),
        ];
    }

    /// <summary>Every second position of the mapped channels.</summary>
    /// <param name="x">Shape [images, channels, height, width]. Borrowed.</param>
    /// <param name="sources">The map.</param>
    /// <returns>In the current scope.</returns>
    public static Tensor Halved(Tensor x, IReadOnlyList<int> sources)
    {
        long channels = x.shape[1];
        var halved = Convolution.EveryPosition(x, 2);
        var zeros = zeros_like(halved.narrow(1, 0, 1), requires_grad: false);
        long[] places = [.. sources.Select(source => source == Zero ? channels : source)]; // zeros come last
        return cat([halved, zeros], 1).index_select(1, tensor(places, device: x.device));
    }

    /// <summary>
    /// Writes runs: <c>x8</c> is eight zeros, <c>4+3</c> is channels 4, 5 and 6, <c>7</c> is channel 7.
    /// </summary>
    public static string Write(IReadOnlyList<int> map)
    {
        List<string> runs = [];
        for (int start = 0, end; start < map.Count; start = end)
        {
            bool zeros = map[start] == Zero;
            end = start + 1;
            while (end < map.Count && map[end] == (zeros ? Zero : map[end - 1] + 1))
                end++;
            int length = end - start;
            if (zeros)
                runs.Add($"x{length}");
            else
                runs.Add(length == 1 ? $"{map[start]}" : $"{map[start]}+{length}");
        }

        return string.Join('.', runs);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static int[] Read(string text) => [.. text.Split('.').SelectMany(ReadRun)];

    private static IEnumerable<int> ReadRun(string run)
    {
        if (run.StartsWith('x'))
            return Enumerable.Repeat(Zero, Length(run[1..]));
        string[] parts = run.Split('+');
        if (parts.Length > 2)
            throw new FormatException($"'{run}' is no run of channels.");
        return Enumerable.Range(ArchitectureText.Number(parts[0]), parts.Length == 1 ? 1 : Length(parts[1]));
    }

    private static int Length(string text)
    {
        int length = ArchitectureText.Number(text);
        return length is >= 1 and <= 65_536
            ? length
            : throw new FormatException($"A run of {length} channels is not in [1, 65536].");
    }
}
