namespace Dmkd.Experiments.Running;

/// <summary>Makes the methods of an experiment.</summary>
public interface ILearners
{
    /// <summary>Makes the method of a cell.</summary>
    /// <exception cref="MethodParameterException">There is no such method, or it refuses a parameter.</exception>
    IContinualLearner Create(Cell cell);
}
