namespace Dmkd.Experiments.Running;

/// <summary>Is told how an experiment goes; calls come from many threads.</summary>
public interface IExperimentWatcher
{
    /// <summary>A stage begins.</summary>
    /// <param name="stage">Which.</param>
    /// <param name="cells">Cells in it.</param>
    /// <param name="finished">Those that were finished before and are not repeated.</param>
    void Began(CellStage stage, int cells, int finished);

    /// <summary>A cell begins.</summary>
    void Started(Cell cell);

    /// <summary>A cell has come some way.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="share">Share done, in [0, 1].</param>
    void Advanced(Cell cell, double share);

    /// <summary>A cell is finished and stored.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="document">Its document.</param>
    /// <param name="left">Time left for its stage, estimated; null when unknown.</param>
    void Finished(Cell cell, CellDocument document, TimeSpan? left);

    /// <summary>A cell failed.</summary>
    void Failed(Cell cell, CellFailure failure);

    /// <summary>A search chose.</summary>
    void Chose(ChosenParameters choice);
}
