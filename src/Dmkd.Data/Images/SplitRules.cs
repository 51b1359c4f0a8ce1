using Dmkd.Core;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Images;

/// <summary>
/// What one of the two sets of a dataset takes from the classes: names, amounts and smallest amounts.
/// </summary>
/// <param name="Name">"train" or "test", as in messages.</param>
/// <param name="PerClass">Images wanted from each class; null for all.</param>
/// <param name="MinPerClass">Images that each class must give.</param>
/// <param name="Purpose">First step of the seed path, one of <see cref="SeedPurpose"/>.</param>
internal sealed record SplitRules(string Name, int? PerClass, int MinPerClass, long Purpose)
{
    /// <summary>Training needs two images a class: one to learn from and one to validate on.</summary>
    private const int MinTrain = 2;

    /// <summary>Name of the setting behind <see cref="PerClass"/>.</summary>
    private string Setting => Name == "train" ? nameof(DatasetSpec.TrainPerClass) : nameof(DatasetSpec.TestPerClass);

    public static SplitRules Train(DatasetSpec spec) =>
        new SplitRules("train", spec.TrainPerClass, MinTrain, SeedPurpose.TrainSubset).Checked();

    public static SplitRules Test(DatasetSpec spec) =>
        new SplitRules("test", spec.TestPerClass, 1, SeedPurpose.TestSubset).Checked();

    /// <summary>Chooses the images of this set.</summary>
    /// <param name="labels">Class of each image that there is, shape [images]. Borrowed.</param>
    /// <param name="classNames">Names by label, for messages.</param>
    /// <param name="seed">Seed of the dataset.</param>
    /// <param name="source">Where the images are, for messages.</param>
    /// <returns>Ascending positions, owned by the caller.</returns>
    /// <exception cref="DatasetException">A class has too few images.</exception>
    public int[] Choose(ReadOnlySpan<int> labels, IReadOnlyList<string> classNames, int seed, string source)
    {
        int[][] classes = ClassIndex.Group(labels, classNames.Count);
        for (int label = 0; label < classes.Length; label++)
        {
            if (classes[label].Length < MinPerClass)
                throw new DatasetException(
                    $"{source}: class '{classNames[label]}' has {classes[label].Length} {Name} image(s); "
                        + $"at least {MinPerClass} needed. Add images or remove the class."
                );
            if (PerClass is { } count)
                classes[label] = ClassIndex.Pick(classes[label], count, SeedSequence.Derive(seed, Purpose, label));
        }
        int[] chosen = [.. classes.SelectMany(positions => positions)];
        Array.Sort(chosen);
        return chosen;
    }

    private SplitRules Checked() =>
        PerClass is { } count && count < MinPerClass
            ? throw new DatasetException(
                $"{Setting} must be at least {MinPerClass}; it is {count}. Raise it, or leave it out for the default."
            )
            : this;
}

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
        while (groups.Count < classCount)
            groups.Add([]);
        for (int i = 0; i < labels.Length; i++)
        {
            if (labels[i] < 0)
                throw new ArgumentException($"labels must be at least 0; label {i} is {labels[i]}.", nameof(labels));
            while (groups.Count <= labels[i])
                groups.Add([]);
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
