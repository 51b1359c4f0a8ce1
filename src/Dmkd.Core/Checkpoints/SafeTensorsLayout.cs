namespace Dmkd.Core.Checkpoints;

/// <summary>Checks that the tensors of a header cover the data behind it exactly.</summary>
internal static class SafeTensorsLayout
{
    /// <summary>Sorts the entries by position and checks sizes, gaps, overlaps and the end.</summary>
    /// <param name="entries">Entries as parsed: no number is negative. Sorted in place.</param>
    /// <param name="dataBytes">Size of the data.</param>
    /// <param name="source">What messages call the file.</param>
    /// <exception cref="CheckpointFormatException">Shapes, offsets and data disagree.</exception>
    public static void Check(List<SafeTensorsEntry> entries, long dataBytes, string source)
    {
        entries.Sort((x, y) => (x.Begin, x.End).CompareTo((y.Begin, y.End)));
        long position = 0;
        foreach (var entry in entries)
        {
            if (Problem(entry, position, dataBytes) is { } problem)
                throw new CheckpointFormatException($"{source}: tensor {CheckpointFormatException.Quote(entry.Name)}: {problem}.");
            position = entry.End;
        }

        if (position != dataBytes)
            throw new CheckpointFormatException($"{source}: {dataBytes - position} bytes follow the last tensor; the header describes {position} of {dataBytes}.");
    }

    private static string? Problem(SafeTensorsEntry entry, long position, long dataBytes)
    {
        if (entry.End > dataBytes || entry.Begin > entry.End)
            return $"data_offsets [{entry.Begin}, {entry.End}] are not within the {dataBytes} bytes of data";
        if (SizeOf(entry) is not { } size) return $"shape [{string.Join(", ", entry.Shape)}] describes more than 2^63 bytes";
        if (size != entry.End - entry.Begin)
            return $"{entry.Type.Name} of shape [{string.Join(", ", entry.Shape)}] takes {size} bytes, but data_offsets hold {entry.End - entry.Begin}";
        if (entry.Begin == position) return null;
        return $"data starts at {entry.Begin}, {(entry.Begin < position ? "inside" : "after a gap behind")} the tensor that ends at {position}";
    }

    private static long? SizeOf(SafeTensorsEntry entry)
    {
        try
        {
            // Also with the zeros left out: libtorch computes strides that way.
            long strides = entry.Type.Bytes;
            foreach (long dimension in entry.Shape) strides = checked(strides * Math.Max(dimension, 1));
            return entry.Shape.Contains(0) ? 0 : strides;
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
