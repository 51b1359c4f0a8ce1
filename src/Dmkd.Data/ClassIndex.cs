namespace Dmkd.Data;

/// <summary>Positions of samples by class.</summary>
internal static class ClassIndex
{
    /// <summary>Groups positions by label.</summary>
    /// <param name="labels">Class of each sample, at least 0, shape [samples]. Borrowed.</param>
    /// <param name="classCount">Groups to make at least, so that classes without samples are seen.</param>
    /// <returns>Ascending positions of each class; empty for a class without samples. Owned by the caller.</returns>
    /// <exception cref="ArgumentException">A label is negative.</exception>
    public static int[][] Group(ReadOnlySpan<int> labels, int classCount = 0)
    {
        var groups = new List<List<int>>();
        while (groups.Count < classCount) groups.Add([]);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0) throw new ArgumentException($"labels must be at least 0; label {i} is {labels[i]}.", nameof(labels));
            while (groups.Count <= labels[i]) groups.Add([]);
            groups[labels[i]].Add(i);
        }
        return [.. groups.Select(group => group.ToArray())];
    }

    /// <summary>Takes a random subset of one class.</summary>
    /// <param name="positions">Positions of the class. Borrowed.</param>
    /// <param name="count">Samples wanted; a class that has fewer gives all it has.</param>
    /// <param name="seed">Seed of this class's draw.</param>
    /// <returns>Ascending positions, owned by the caller.</returns>
    public static int[] Pick(int[] positions, int count, int seed)
    {
        int[] picked = [.. positions];
        if (count < picked.Length)
        {
            new Random(seed).Shuffle(picked);
            Array.Resize(ref picked, count);
        }
        Array.Sort(picked);
        return picked;
    }
}
