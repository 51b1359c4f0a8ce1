using Dmkd.Contracts.Settings;
using Dmkd.Core.Modalities;

namespace Dmkd.Grains.Nodes;

/// <summary>
/// A node's own examples, which never leave it; the node asks, and does not know where they lie. Labels are positions
/// among the task's classes unless something else is said.
/// </summary>
public interface INodeData
{
    /// <summary>Prepares its examples.</summary>
    IModality Modality { get; }

    /// <summary>Classes of a task, in the order of the task's labels.</summary>
    int[] ClassesOf(int task);

    /// <summary>All examples of a task.</summary>
    IExamples TrainingOf(int task);

    /// <summary>A sample of a task's examples, to measure modules on.</summary>
    IExamples CalibrationOf(int task);

    /// <summary>
    /// Examples of a task with the data set's labels; of more than may be, a sample with as many of each class.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="most">Most examples.</param>
    IExamples MeasuredOf(int task, int most);

    /// <summary>
    /// The examples kept to fit the routing to, with the data set's labels: the node's share of the classes seen. A
    /// later task leaves a subset of what was kept before.
    /// </summary>
    /// <param name="lastTask">Last task whose classes have been seen.</param>
    IExamples ExemplarsOf(int lastTask);

    /// <summary>The examples that the node keeps for testing, with the data set's labels; none in an experiment.</summary>
    IExamples HeldOut();
}

/// <summary>Opens the data of nodes.</summary>
public interface INodeDataSource
{
    /// <summary>The data of a node for a run.</summary>
    /// <param name="settings">The run's settings.</param>
    /// <param name="node">Index of the node in the run.</param>
    Task<INodeData> OpenAsync(RunSettings settings, int node);
}
