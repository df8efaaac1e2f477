<?php

namespace KinescopeChat\TokenServer;

/** A problem that the operator can fix. It has a stable code, what is wrong, and what to do. Never a secret. */
final class OperatorProblem extends \RuntimeException
{
    /** @var string */
    public $problem;

    /** @var string */
    public $remediation;

    public function __construct(string $problem, string $message, string $remediation, ?\Throwable $previous = null)
    {
        parent::__construct($message, 0, $previous);
        $this->problem = $problem;
        $this->remediation = $remediation;
    }
}
