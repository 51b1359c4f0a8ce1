using Dmkd.Core.Modules;

namespace Dmkd.Core.Training;

/// <summary>Whom a local update also listens to: the teacher of λ·L_KD (proposal 3.4.1).</summary>
/// <param name="Teacher">Borrowed; used in evaluation mode without gradients.</param>
/// <param name="TeacherOutputs">The teacher's outputs for the shared classes.</param>
/// <param name="StudentOutputs">The student's outputs for the same classes, in the same order.</param>
/// <param name="UprightOnly">Whether the teacher knows upright images only, as a legacy model does.</param>
public sealed record DistillationTarget(
    Network Teacher, IReadOnlyList<int> TeacherOutputs, IReadOnlyList<int> StudentOutputs, bool UprightOnly);
