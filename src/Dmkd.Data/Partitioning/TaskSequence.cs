using System.Collections.ObjectModel;
using Dmkd.Core;
using Dmkd.Core.Settings;
using Dmkd.Data.Images;
using Dmkd.Data.Seeds;

namespace Dmkd.Data.Partitioning;

/// <summary>The classes of a dataset, cut into the tasks of a continual-learning run.</summary>
public sealed class TaskSequence
{
    private const int MinClassesPerTask = 2;
    private const int MaxClassesPerTask = 1_000_000;

    private readonly int[] _taskOfClass;
    private readonly ReadOnlyCollection<int>[] _classes;

    private TaskSequence(IReadOnlyList<int> sizes)
    {
        int first = 0;
        _classes = new ReadOnlyCollection<int>[sizes.Count];
        for (int task = 0; task < sizes.Count; task++)
        {
            _classes[task] = ClassesBetween(first, first + sizes[task]);
            first += sizes[task];
        }

        _taskOfClass = [.. _classes.SelectMany((classes, task) => Enumerable.Repeat(task, classes.Count))];
    }

    /// <summary>Gets the number of tasks, the proposal's <c>T</c>.</summary>
    public int Count => _classes.Length;

    /// <summary>
    /// Cuts classes 0 to <paramref name="classCount"/> - 1 into contiguous groups whose sizes differ by at most one.
    /// </summary>
    /// <param name="classCount">Classes of the dataset, at least 2.</param>
    /// <param name="taskCount">Tasks to make, in [1, classCount / 2].</param>
    /// <exception cref="ArgumentOutOfRangeException">There are fewer than two classes, or no task.</exception>
    /// <exception cref="DatasetException">A task would have fewer than two classes.</exception>
    public static TaskSequence Split(int classCount, int taskCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(classCount, MinClassesPerTask);
        ArgumentOutOfRangeException.ThrowIfLessThan(taskCount, 1);
        // Earlier tasks get the classes that are left over: 10 classes in 3 tasks are 4, 3 and 3.
        var sizes = Enumerable
            .Range(0, taskCount)
            .Select(task => classCount / taskCount + (task < classCount % taskCount ? 1 : 0));
        return taskCount <= classCount / MinClassesPerTask
            ? new TaskSequence([.. sizes])
            : throw new DatasetException(
                $"{classCount} classes make at most {classCount / MinClassesPerTask} tasks of "
                    + $"{MinClassesPerTask} or more classes; "
                    + $"{taskCount} tasks were asked for. Ask for fewer tasks."
            );
    }

    /// <summary>Cuts the classes into tasks of given sizes, or into a number of tasks when no sizes are given.</summary>
    /// <inheritdoc cref="OfSizes"/>
    public static TaskSequence Split(int classCount, int taskCount, string? sizes) =>
        sizes is null ? Split(classCount, taskCount) : OfSizes(classCount, sizes);

    /// <summary>Cuts the classes into tasks of given sizes, in order.</summary>
    /// <param name="classCount">Classes of the dataset.</param>
    /// <param name="sizes">Classes of each task, such as <c>50,25,25</c>.</param>
    /// <exception cref="DatasetException">The sizes are no numbers, too small, or do not add up.</exception>
    public static TaskSequence OfSizes(int classCount, string sizes)
    {
        int[] counts = SizesOf(sizes);
        return counts.Sum() == classCount
            ? new TaskSequence(counts)
            : throw new DatasetException(
                $"--task-sizes {sizes} are {counts.Sum()} classes; the data set has {classCount}."
            );
    }

    /// <summary>The sizes that a text names.</summary>
    /// <exception cref="DatasetException">It names none.</exception>
    public static int[] SizesOf(string sizes)
    {
        ArgumentNullException.ThrowIfNull(sizes);
        int[] counts = [.. sizes.Split(',', StringSplitOptions.TrimEntries).Select(Count)];
        return counts.All(count => count is >= MinClassesPerTask and <= MaxClassesPerTask)
            ? counts
            : throw new DatasetException(
                $"--task-sizes must be numbers of {MinClassesPerTask} or more classes with commas between them, "
                    + $"such as 50,25,25, not '{sizes}'."
            );

        static int Count(string text) => NumberText.TryRead(text, out int count) ? count : 0;
    }

    /// <summary>Gets the classes of a task, ascending.</summary>
    /// <param name="task">Position of the task, in [0, Count).</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such task.</exception>
    public IReadOnlyList<int> ClassesOf(int task) =>
        (uint)task < (uint)_classes.Length
            ? _classes[task]
            : throw new ArgumentOutOfRangeException(nameof(task), task, $"task must be in [0, {_classes.Length}).");

    /// <summary>Gets the task that a class belongs to.</summary>
    /// <param name="classIndex">The class, in [0, class count).</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such class.</exception>
    public int TaskOf(int classIndex) =>
        (uint)classIndex < (uint)_taskOfClass.Length
            ? _taskOfClass[classIndex]
            : throw new ArgumentOutOfRangeException(
                nameof(classIndex),
                classIndex,
                $"classIndex must be in [0, {_taskOfClass.Length})."
            );

    private static ReadOnlyCollection<int> ClassesBetween(int first, int end) =>
        Array.AsReadOnly(Enumerable.Range(first, end - first).ToArray());
}

/// <summary>Chooses the few samples that calibrate a preserved module's routing.</summary>
public static class CalibrationSampler
{
    /// <summary>
    /// Takes the same number of random samples from every class; the same seed takes the same samples.
    /// </summary>
    /// <param name="labels">Class of each sample, at least 0, shape [samples]. Borrowed.</param>
    /// <param name="perClass">Samples a class, at least 1; a class that has fewer gives all it has.</param>
    /// <param name="seed">Seed of the choice.</param>
    /// <returns>Ascending positions in <paramref name="labels"/>, owned by the caller.</returns>
    /// <exception cref="ArgumentException">A label is negative, or <paramref name="perClass"/> is less than
    /// 1.</exception>
    public static int[] Sample(ReadOnlySpan<int> labels, int perClass, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(perClass, 1);
        int[] sample =
        [
            .. ClassIndex
                .Group(labels)
                .SelectMany(
                    (positions, label) =>
                        ClassIndex.Pick(
                            positions,
                            perClass,
                            SeedSequence.Derive(seed, SeedPurpose.CalibrationImages, label)
                        )
                ),
        ];
        Array.Sort(sample);
        return sample;
    }
}

/// <summary>
/// The private training images of a run's nodes, task by task: the same for every method that gets the same seed.
/// </summary>
public static class TaskShards
{
    /// <summary>Cuts a task's images into shards by <see cref="DirichletPartitioner"/>.</summary>
    /// <param name="train">All training images. Borrowed.</param>
    /// <param name="tasks">The tasks.</param>
    /// <param name="task">Position of the task, in [0, tasks).</param>
    /// <param name="nodes">Number of shards, at least 1.</param>
    /// <param name="concentration">The Dirichlet parameter, above 0.</param>
    /// <param name="seed">Seed of the run.</param>
    /// <returns>Ascending positions in <paramref name="train"/> for each node, owned by the caller.</returns>
    /// <exception cref="DatasetException">The task has too few images for that many nodes.</exception>
    public static IReadOnlyList<int[]> Partition(
        ImageSet train,
        TaskSequence tasks,
        int task,
        int nodes,
        double concentration,
        int seed
    )
    {
        ArgumentNullException.ThrowIfNull(train);
        ArgumentNullException.ThrowIfNull(tasks);
        int[] ofTask = train.PositionsOf(tasks.ClassesOf(task));
        int[] labels = [.. ofTask.Select(position => train.Labels[position])];
        var shares = DirichletPartitioner.Partition(
            labels,
            nodes,
            concentration,
            SeedSequence.Derive(seed, SeedPurpose.NodeShares, task)
        );
        return [.. shares.Select(share => share.Select(position => ofTask[position]).ToArray())];
    }
}
