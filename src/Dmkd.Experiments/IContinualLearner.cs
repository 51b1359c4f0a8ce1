namespace Dmkd.Experiments;

/// <summary>A method that learns tasks one after the other.</summary>
public interface IContinualLearner
{
    /// <summary>Name in results.</summary>
    string Name { get; }

    /// <summary>Learns all tasks, evaluating all seen so far after each.</summary>
    /// <param name="problem">Data, order and budget.</param>
    /// <param name="progress">Receives the share done, in (0, 1].</param>
    /// <param name="cancellationToken">Ends the learning.</param>
    Task<MethodResult> LearnAsync(ContinualProblem problem, Action<double> progress, CancellationToken cancellationToken);
}
